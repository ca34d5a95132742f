/** The state of one instance. */
import { randomBytes } from "node:crypto";
import type { Manifest } from "../client/manifest.ts";
import type { CheckRunRecord, ReactionRecord, RedeliveryRecord, StatusRecord } from "../client/record.ts";
import type { App, Hook, Installation, Pull, ReadSpec } from "../client/spec.ts";

export interface Repository {
  readonly id: number;
  readonly owner: string;
  readonly name: string;
  readonly full_name: string;
  readonly commits: ReadonlySet<string> | undefined;
  readonly comments: ReadonlySet<number> | undefined;
}

/** An installation's token. */
export interface Grant {
  readonly token: string;
  readonly installation: Installation;
  readonly expires_at: number;
  /** Lower-case full names. */
  readonly repositories: ReadonlySet<string>;
  readonly permissions: Readonly<Record<string, string>>;
  revoked: boolean;
}

/** A check run with the fields that are not in its record. */
export interface CheckRun extends CheckRunRecord {
  readonly suite: number;
  started_at: string;
  completed_at: string | null;
}

/** GitHub's ids are larger than 32 bits. */
const FIRST_ID = 50_000_000_001;

/** The state of one instance. */
export class World {
  readonly spec: ReadSpec;
  readonly hooks: Hook[];
  readonly grants = new Map<string, Grant>();
  readonly checkRuns = new Map<number, CheckRun>();
  readonly statuses: StatusRecord[] = [];
  readonly reactions: ReactionRecord[] = [];
  readonly redeliveries: RedeliveryRecord[] = [];
  #app: App | undefined;
  /** By their codes. */
  readonly #manifests = new Map<string, { readonly owner: string; readonly manifest: Manifest }>();
  readonly #pulls = new Map<string, Pull>();
  readonly #repositories = new Map<string, Repository>();
  readonly #numbers = new Map<string, number>();
  #lastId = FIRST_ID;

  constructor(spec: ReadSpec) {
    this.spec = spec;
    this.#app = spec.app;
    this.hooks = [...spec.hooks];
    this.setPulls(spec.pulls);
    for (const one of spec.repositories) this.#add(one);
    for (const full_name of [
      ...spec.installations.flatMap((one) => one.repositories),
      ...spec.hooks.flatMap((one) => (one.kind === "repo" ? [`${one.owner}/${one.repo}`] : [])),
    ])
      if (this.repository(full_name) === undefined) this.#add({ full_name });
  }

  get app(): App | undefined {
    return this.#app;
  }

  /** Names are unique, whatever their case. */
  hasAppNamed(name: string): boolean {
    const { app } = this;
    return app !== undefined && (app.name ?? app.slug).toLowerCase() === name.toLowerCase();
  }

  /** @returns the code that stands for a manifest, once */
  keepManifest(owner: string, manifest: Manifest): string {
    const code = randomBytes(20).toString("hex");
    this.#manifests.set(code, { owner, manifest });
    return code;
  }

  takeManifest(code: string) {
    const kept = this.#manifests.get(code);
    this.#manifests.delete(code);
    return kept;
  }

  /** Makes this the App, with a hook whose id is the App's. */
  register(app: App, { url, secret }: Required<Pick<Hook, "url" | "secret">>): void {
    const redelivered = { status: "OK", status_code: 200 };
    this.#app = app;
    this.hooks.push({ kind: "app", id: app.id, url, secret, redelivered, deliveries: [] });
  }

  install(installation: Installation): void {
    this.spec.installations.push(installation);
    for (const full_name of installation.repositories)
      if (this.repository(full_name) === undefined) this.#add({ full_name });
  }

  /** Finds a repository. Names are case-insensitive. */
  repository(full_name: string): Repository | undefined {
    return this.#repositories.get(full_name.toLowerCase());
  }

  /** Creates pull requests, or changes those of the same numbers. */
  setPulls(pulls: readonly Pull[]): void {
    for (const one of pulls) {
      this.#pulls.set(`${one.repository.toLowerCase()}#${one.number}`, one);
      const fork = one.head.repository;
      if (fork !== undefined && this.repository(fork) === undefined) this.#add({ full_name: fork });
    }
  }

  pullsOf({ full_name }: Repository): Pull[] {
    return [...this.#pulls.values()].filter(
      ({ repository }) => repository.toLowerCase() === full_name.toLowerCase(),
    );
  }

  installation(id: number): Installation | undefined {
    return this.spec.installations.find((one) => one.id === id);
  }

  nextId(): number {
    return this.#lastId++;
  }

  /** A number that is always the same for a name, such as an account or a check suite. */
  numberOf(name: string): number {
    const known = this.#numbers.get(name) ?? this.#numbers.size + 1_000_001;
    this.#numbers.set(name, known);
    return known;
  }

  #add(one: { full_name: string; commits?: readonly string[]; comments?: readonly number[] }): void {
    const [owner = "", name = ""] = one.full_name.split("/");
    this.#repositories.set(one.full_name.toLowerCase(), {
      id: this.numberOf(one.full_name.toLowerCase()),
      owner,
      name,
      full_name: one.full_name,
      commits: one.commits && new Set(one.commits),
      comments: one.comments && new Set(one.comments),
    });
  }
}
