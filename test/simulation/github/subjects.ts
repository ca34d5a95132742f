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

interface Happening {
  readonly template: TemplateName;
  readonly text?: string;
}

interface Kind extends Happening {
  readonly share: number;
  /** What happens where no pull request is open, so that the shares stay. */
  readonly otherwise?: Happening;
}

const OPENED = { template: "pull_request.opened" } as const;
const PUSH = { template: "push" } as const;
const STAR = { template: "star.created" } as const;

/** Three tenths of what happens start a validation, half is only recorded, the rest is ignored. */
const KINDS: readonly Kind[] = [
  { share: 0.11, ...OPENED },
  { share: 0.185, template: "pull_request.synchronize", otherwise: OPENED },
  { share: 0.005, template: "issue_comment.created", text: "/validate", otherwise: OPENED },
  { share: 0.385, ...PUSH },
  { share: 0.1, template: "pull_request.closed", otherwise: PUSH },
  { share: 0.015, template: "pull_request.ready_for_review", otherwise: PUSH },
  { share: 0.05, template: "issue_comment.created", text: "looks good", otherwise: STAR },
  { share: 0.1, template: "pull_request.labeled", otherwise: STAR },
  { share: 0.05, ...STAR },
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
    const found = repository.open[Math.floor(random() * repository.open.length)];
    const kind = this.#pick();
    const { template, text = "" } = found === undefined ? (kind.otherwise ?? kind) : kind;
    const at = { guid, repository, text, atMs };
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

  #pick(): Kind {
    let left = this.#random();
    for (const kind of KINDS) {
      left -= kind.share;
      if (left < 0) return kind;
    }
    return { share: 0, ...STAR };
  }
}
