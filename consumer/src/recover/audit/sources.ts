/** Where the repositories to audit are listed: by the installations of an App, for a token, or by their names. */
import type { Credential } from "@webhook-gateway/shared/github/client.ts";
import * as v from "valibot";
import { type AskDeps, askGitHub, askInstallation, readAnswer } from "../../github/ask.ts";
import { repositoryOf } from "../../github/installation.ts";

export interface AuditedRepository {
  readonly id: number;
  readonly full_name: string;
  readonly clone_url: string;
  /** Nothing can be reported to an archived one. */
  readonly archived: boolean;
  readonly credential: Credential;
}

export interface RepositoryPage {
  readonly repositories: readonly AuditedRepository[];
  readonly hasNext: boolean;
}

export interface AuditSource {
  /** Audits go on by it: the keys of sources are in their order, and stay when others come or go. */
  readonly key: string;
  /** For a person. */
  readonly name: string;
  /** Lists a page, from 1. @throws GitHubError */
  list(page: number): Promise<RepositoryPage>;
}

const PAGE_SIZE = 100;
/** Installations of one App that are looked at. */
const MAX_INSTALLATION_PAGES = 20;

const isGlob = (text: string): boolean => /[*?[\]{}()!+@]/.test(text);

/** The sources of some globs, in the order of their keys. @throws GitHubError */
export async function sourcesOf(deps: AskDeps, globs: readonly string[]): Promise<readonly AuditSource[]> {
  const names = globs.filter((glob) => !isGlob(glob));
  const named = names.map((name, index) => namedSource(deps, name, `a${padded(index)}`));
  if (names.length === globs.length) return named;
  if (deps.github.mode === "token") {
    const credential: Credential = { kind: "token" };
    return [
      ...named,
      {
        key: "t",
        name: "the token's repositories",
        list: async (page) => pageOf(await listed(deps, credential, "GET /user/repos", page), credential),
      },
    ];
  }
  const ids = await installationIds(deps);
  // Those that are named are among those of the installations.
  return ids.toSorted((a, b) => a - b).map((id) => installationSource(deps, id));
}

function installationSource(deps: AskDeps, id: number): AuditSource {
  const credential: Credential = { kind: "installation", id };
  return {
    key: `i${padded(id)}`,
    name: `installation ${id}`,
    async list(page) {
      const answer = await listed(deps, credential, "GET /installation/repositories", page);
      const { repositories } = readAnswer(v.object({ repositories: v.array(v.unknown()) }), answer.data);
      return pageOf({ ...answer, data: repositories }, credential);
    },
  };
}

function namedSource(deps: AskDeps, name: string, key: string): AuditSource {
  const place = repositoryOf(name);
  return {
    key,
    name,
    async list() {
      const credential: Credential =
        deps.github.mode === "token"
          ? { kind: "token" }
          : await askInstallation(deps, "GET /repos/{owner}/{repo}/installation", place);
      const { data } = await askGitHub(deps, credential, "GET /repos/{owner}/{repo}", place);
      return pageOf({ data: [data], link: undefined }, credential);
    },
  };
}

const installation = v.object({ id: v.number(), suspended_at: v.nullish(v.string(), null) });

async function installationIds(deps: AskDeps): Promise<number[]> {
  const ids: number[] = [];
  for (let page = 1; page <= MAX_INSTALLATION_PAGES; page++) {
    const answer = await listed(deps, { kind: "app" }, "GET /app/installations", page);
    const installations = readAnswer(v.array(installation), answer.data);
    ids.push(...installations.flatMap(({ id, suspended_at }) => (suspended_at === null ? [id] : [])));
    if (!hasNext(answer.link)) break;
  }
  return ids;
}

const listed = (deps: AskDeps, credential: Credential, route: string, page: number) =>
  askGitHub(deps, credential, route, { per_page: PAGE_SIZE, page });

const repositoryItem = v.object({
  id: v.pipe(v.number(), v.safeInteger()),
  full_name: v.pipe(v.string(), v.maxLength(200), v.regex(/^[\w.-]+\/[\w.-]+$/)),
  clone_url: v.fallback(v.pipe(v.string(), v.maxLength(600)), ""),
  archived: v.fallback(v.boolean(), false),
});

function pageOf(
  { data, link }: { readonly data: unknown; readonly link: string | undefined },
  credential: Credential,
): RepositoryPage {
  const items = readAnswer(v.array(repositoryItem), data);
  const repositories = items.map((one) => ({ ...one, credential }));
  return { repositories, hasNext: hasNext(link) };
}

/** Whether `Link` names a next page. */
export const hasNext = (link: string | undefined): boolean => /;\s*rel="next"/.test(link ?? "");

/** So that the order of texts is the order of numbers. */
const padded = (number: number): string => String(number).padStart(16, "0");
