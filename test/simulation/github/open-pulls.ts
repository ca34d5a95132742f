/** The installations of the App, their repositories and open pull requests, as GitHub's API lists them. */
import { Answer, headerOf, jsonAnswer } from "../machine/bodies.ts";
import { type Address, linkTo } from "./address.ts";
import type { Organization, Pull, Repository } from "./subjects.ts";

const MAX_PAGE = 100;

export class OpenPullLists {
  readonly #byInstallation: ReadonlyMap<number, readonly Repository[]>;
  readonly #byName: ReadonlyMap<string, Repository>;
  /** When the installations were listed: each audit begins with it. */
  readonly audits: number[] = [];
  readonly counts = { full: 0, unchanged: 0 };

  constructor({ repositories }: Organization) {
    this.#byInstallation = Map.groupBy(repositories, ({ installation }) => installation);
    this.#byName = new Map(repositories.map((one) => [one.fullName, one]));
  }

  /** @param installation of the token @returns undefined for anything else */
  serve(
    address: Address,
    parts: readonly string[],
    installation: number | undefined,
    init: RequestInit | undefined,
    nowMs: number,
  ): Answer | undefined {
    const [place, what, , rest, number] = parts;
    if (place === "app" && what === "installations" && parts.length === 2) {
      this.audits.push(nowMs);
      const { shown, headers } = pageOf(address, [...this.#byInstallation.keys()]);
      return jsonAnswer(
        shown.map((id) => ({ id, suspended_at: null })),
        { headers },
      );
    }
    if (place === "installation" && what === "repositories") {
      const all = this.#byInstallation.get(installation ?? 0) ?? [];
      const { shown, headers } = pageOf(address, all);
      return jsonAnswer({ total_count: all.length, repositories: shown.map(describe) }, { headers });
    }
    if (place !== "repos" || rest !== "pulls") return undefined;
    const repository = this.#byName.get(`${parts[1]}/${parts[2]}`);
    if (repository === undefined) return undefined;
    if (number === undefined) return this.#list(address, repository, init);
    const pull = repository.open.find((one) => one.number === Number(number));
    return jsonAnswer(
      pull === undefined ? closedPull(repository, Number(number), nowMs) : describePull(pull),
    );
  }

  #list(address: Address, repository: Repository, init: RequestInit | undefined): Answer {
    const etag = `W/"${repository.version}"`;
    if (headerOf(init, "if-none-match") === etag) {
      this.counts.unchanged++;
      return new Answer("", 304, { etag });
    }
    this.counts.full++;
    const { shown, headers } = pageOf(address, repository.open.toReversed());
    return jsonAnswer(shown.map(describePull), { headers: { ...headers, etag } });
  }
}

function pageOf<Item>(address: Address, all: readonly Item[]) {
  const given = new URLSearchParams(address.query);
  const size = Math.min(Number(given.get("per_page") ?? 30), MAX_PAGE);
  const page = Number(given.get("page") ?? 1);
  const shown = all.slice((page - 1) * size, page * size);
  if (page * size >= all.length) return { shown, headers: {} };
  return { shown, headers: linkTo(address, `page=${page + 1}`) };
}

const describe = ({ id, name, fullName }: Repository) => ({
  id,
  name,
  full_name: fullName,
  clone_url: `https://github.com/${fullName}.git`,
  archived: false,
});

const describePull = ({ repository, number, head, base, updatedMs }: Pull) => ({
  number,
  html_url: `https://github.com/${repository.fullName}/pull/${number}`,
  state: "open",
  draft: false,
  updated_at: secondOf(updatedMs),
  head: { sha: head, ref: "topic", repo: describe(repository) },
  base: { sha: base },
  user: { login: "octocat" },
  author_association: "MEMBER",
});

/** The head of what is closed is of no interest. */
const closedPull = (repository: Repository, number: number, nowMs: number) => ({
  ...describePull({
    ...{ repository, number, head: "0".repeat(40), base: "0".repeat(40), open: false },
    ...{ openedMs: nowMs, updatedMs: nowMs },
  }),
  state: "closed",
});

const secondOf = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;
