/** The open pull requests of a repository, as GitHub lists them. */
import { type AuditedPull, readPull } from "@webhook-gateway/shared/routing/audited-pull.ts";
import * as v from "valibot";
import { type AskDeps, askGitHub, GitHubError, readAnswer } from "../../github/ask.ts";
import { repositoryOf } from "../../github/installation.ts";
import { type AuditedRepository, hasNext } from "./sources.ts";

/** Of one repository. More are left out, and its list is never taken for complete. */
const MAX_PAGES = 200;
const PAGE_SIZE = 100;
const ROUTE = "GET /repos/{owner}/{repo}/pulls";

export interface OpenPulls {
  readonly pulls: readonly AuditedPull[];
  /** Of its pages. */
  readonly etags: readonly string[];
  /** Whether every pull request could be read. */
  readonly complete: boolean;
  /** Requests that GitHub counts. */
  readonly answers: number;
}

/**
 * Lists them, the newest first: whatever changes then changes one of the pages.
 * @param known the ETags of all pages as they were
 * @returns undefined if nothing has changed
 * @throws GitHubError
 */
export async function listOpenPulls(
  deps: AskDeps,
  repository: AuditedRepository,
  known: readonly string[],
): Promise<OpenPulls | undefined> {
  const changed = await firstChange(deps, repository, known);
  if (changed === undefined && known.length > 0) return undefined;
  const pulls: AuditedPull[] = [];
  const etags: string[] = [];
  let readable = true;
  for (let page = 1; page <= MAX_PAGES; page++) {
    const answer = page === changed?.page ? changed.answer : await ask(deps, repository, page);
    const items = readAnswer(v.array(v.unknown()), answer.data);
    const read = items.flatMap((item) => readPull(item) ?? []);
    readable &&= read.length === items.length && answer.etag !== undefined;
    pulls.push(...read);
    etags.push(answer.etag ?? "");
    if (!hasNext(answer.link)) return { pulls, etags, complete: readable, answers: page };
  }
  return { pulls, etags, complete: false, answers: MAX_PAGES };
}

/** Asks for the pages until one has changed. */
async function firstChange(deps: AskDeps, repository: AuditedRepository, known: readonly string[]) {
  for (const [index, etag] of known.entries()) {
    const page = index + 1;
    const answer = await ask(deps, repository, page, etag);
    if (!answer.unchanged) return { page, answer };
  }
  return undefined;
}

const ask = (deps: AskDeps, { full_name, credential }: AuditedRepository, page: number, etag?: string) => {
  const order = { state: "open", sort: "created", direction: "desc" };
  const parameters = { ...repositoryOf(full_name), ...order, per_page: PAGE_SIZE, page };
  return askGitHub(deps, credential, ROUTE, parameters, etag);
};

/**
 * One pull request, open or closed.
 * @returns undefined if it does not exist (any more), or cannot be read
 * @throws GitHubError
 */
export async function loadPull(
  deps: AskDeps,
  { full_name, credential }: AuditedRepository,
  pull_number: number,
): Promise<AuditedPull | undefined> {
  const parameters = { ...repositoryOf(full_name), pull_number };
  try {
    const { data } = await askGitHub(deps, credential, `${ROUTE}/{pull_number}`, parameters);
    return readPull(data);
  } catch (thrown) {
    if (thrown instanceof GitHubError && thrown.failure.class === "missing") return undefined;
    throw thrown;
  }
}
