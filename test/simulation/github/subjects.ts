/** The organization: its repositories, and what happens in them. */
import type { RandomSource } from "../../support/random.ts";
import { sha } from "../machine/globals.ts";
import type { TemplateName, Traffic } from "../report/spec.ts";

export interface Repository {
  readonly id: number;
  readonly name: string;
  readonly fullName: string;
  readonly installation: number;
  readonly open: Pull[];
  pulls: number;
  /** Grows with whatever changes the list of open pull requests. */
  version: number;
}

export interface Pull {
  readonly repository: Repository;
  readonly number: number;
  head: string;
  base: string;
  open: boolean;
  readonly openedMs: number;
  updatedMs: number;
}

/** One event on GitHub. Both hooks deliver it, under one GUID. */
export interface Occurrence {
  readonly guid: string;
  readonly template: TemplateName;
  readonly repository: Repository;
  readonly number: number;
  readonly head: string;
  readonly base: string;
  readonly before: string;
  readonly text: string;
  readonly atMs: number;
}

/** Shares of what happens: three tenths start a validation, half is only recorded, the rest is ignored. */
const SHARES: readonly (readonly [TemplateName, number, string?])[] = [
  ["pull_request.opened", 0.11],
  ["pull_request.synchronize", 0.19],
  ["pull_request.closed", 0.1],
  ["pull_request.ready_for_review", 0.015],
  ["push", 0.38],
  ["issue_comment.created", 0.005, "/validate"],
  ["issue_comment.created", 0.05, "looks good"],
  ["pull_request.labeled", 0.1],
  ["star.created", 0.05],
];

export class Organization {
  readonly repositories: readonly Repository[];
  readonly pulls: Pull[] = [];
  readonly #random: RandomSource;

  constructor({ repositories, installations }: Traffic, random: RandomSource) {
    this.#random = random;
    this.repositories = Array.from({ length: repositories }, (_, index) => ({
      id: 10_000 + index,
      name: `repository-${index}`,
      fullName: `acme-${index % installations}/repository-${index}`,
      installation: 1 + (index % installations),
      open: [],
      pulls: 0,
      version: 0,
    }));
  }

  /** Something happens, mostly in the busiest repositories. */
  happen(guid: string, atMs: number): Occurrence {
    const random = this.#random;
    const index = Math.floor(this.repositories.length * random() ** 2);
    const repository = this.repositories[index];
    if (repository === undefined) throw new Error("there is no repository");
    const [template, text] = this.#pick();
    const at = { guid, repository, text, atMs };
    const found = repository.open[Math.floor(random() * repository.open.length)];
    if (template === "push" || template === "star.created") {
      const [before, head] = [sha(random), sha(random)];
      return { ...at, template, number: 0, head, base: before, before };
    }
    if (found === undefined || template === "pull_request.opened") return this.#open(at);
    const before = found.head;
    found.updatedMs = atMs;
    repository.version++;
    if (template === "pull_request.synchronize") found.head = sha(random);
    if (template === "pull_request.closed") {
      found.open = false;
      repository.open.splice(repository.open.indexOf(found), 1);
    }
    return { ...at, template, number: found.number, head: found.head, base: found.base, before };
  }

  /** A pull request is opened in any of the repositories. */
  openAnywhere(guid: string, atMs: number): Occurrence {
    const repository = this.repositories[Math.floor(this.repositories.length * this.#random())];
    if (repository === undefined) throw new Error("there is no repository");
    return this.#open({ guid, repository, text: "", atMs });
  }

  #open(at: Pick<Occurrence, "guid" | "repository" | "text" | "atMs">): Occurrence {
    const { repository } = at;
    const [head, base] = [sha(this.#random), sha(this.#random)];
    const times = { openedMs: at.atMs, updatedMs: at.atMs };
    const pull = { repository, number: ++repository.pulls, head, base, open: true, ...times };
    repository.version++;
    this.pulls.push(pull);
    repository.open.push(pull);
    return { ...at, template: "pull_request.opened", number: pull.number, head, base, before: base };
  }

  #pick(): readonly [TemplateName, string] {
    let left = this.#random();
    for (const [template, share, text = ""] of SHARES) {
      left -= share;
      if (left < 0) return [template, text];
    }
    return ["star.created", ""];
  }
}
