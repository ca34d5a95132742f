/** What acts on a repository: the token, or the installation of the App that it belongs to. */
import {
  type Credential,
  type GitHub,
  type GitHubAnswer,
  rateLimitsOf,
} from "@webhook-gateway/shared/github/client.ts";
import { type GitHubFailure, UNREADABLE_ANSWER } from "@webhook-gateway/shared/github/failure.ts";
import { storeInstallations } from "@webhook-gateway/shared/store/claim/reports.ts";
import * as v from "valibot";
import { type Cost, READ_POINTS } from "./budget.ts";
import { type Refused, type SendDeps, sendWithinBudgets } from "./send.ts";

/** A repository, with what is known of its installation. */
export interface InstalledRepository {
  readonly repository_id: number;
  readonly repository: string;
  readonly installation_id: number | null;
  readonly installation_at: string | null;
}

/** `failure`: nothing may act on it now. */
export type InstallationCredential =
  | { readonly credential: Credential }
  | { readonly failure: GitHubFailure }
  | Refused;

/** A repository without an installation is asked for again after this time. */
const ASK_AGAIN_MS = 10 * 60_000;

const installation = v.object({ id: v.number() });

export const NOT_INSTALLED: GitHubFailure = {
  class: "missing",
  error: "the GitHub App is not installed on this repository",
};

export interface CredentialDeps extends SendDeps {
  readonly db: D1Database;
  readonly github: GitHub;
}

/** Finds the credentials of repositories, by their ids. What GitHub says is stored in D1. */
export async function findCredentials(
  deps: CredentialDeps,
  repositories: readonly InstalledRepository[],
): Promise<ReadonlyMap<number, InstallationCredential>> {
  const distinct = [...new Map(repositories.map((one) => [one.repository_id, one])).values()];
  if (deps.github.mode === "token") {
    return new Map(distinct.map((one) => [one.repository_id, { credential: { kind: "token" } }]));
  }
  const found = new Map<number, InstallationCredential>();
  for (const one of distinct) {
    const known = knownCredential(one, deps.now().getTime());
    if (known !== undefined) found.set(one.repository_id, known);
  }
  const answers = await ask(
    deps,
    distinct.filter(({ repository_id }) => !found.has(repository_id)),
  );
  const news: { repository_id: number; installation_id: number | null }[] = [];
  for (const [repository_id, answer] of answers) {
    found.set(repository_id, answer);
    if ("credential" in answer && answer.credential.kind === "installation")
      news.push({ repository_id, installation_id: answer.credential.id });
    else if ("failure" in answer && answer.failure === NOT_INSTALLED)
      news.push({ repository_id, installation_id: null });
  }
  if (news.length > 0) await storeInstallations(deps.db, news, deps.now().toISOString());
  return found;
}

function knownCredential(one: InstalledRepository, nowMs: number): InstallationCredential | undefined {
  if (one.installation_id !== null) return { credential: { kind: "installation", id: one.installation_id } };
  const askedMs = one.installation_at === null ? 0 : Date.parse(one.installation_at);
  return nowMs - askedMs < ASK_AGAIN_MS ? { failure: NOT_INSTALLED } : undefined;
}

/** The parameters of a route that name a repository. @param fullName `owner/repo` */
export function repositoryOf(fullName: string): { readonly owner: string; readonly repo: string } {
  const [owner = "", repo = ""] = fullName.split("/");
  return { owner, repo };
}

/** A request that was sent, or was to be sent, and its answer. */
export interface Answered {
  readonly answer: GitHubAnswer | Refused;
  /** The App's own if the installation had to be asked for first. */
  readonly credential: Credential;
}

/**
 * Sends a request for each item, under the credential of its repository.
 * @param parametersOf those of the route beside the repository
 */
export async function sendForEach<Item extends InstalledRepository>(
  deps: CredentialDeps,
  items: readonly Item[],
  { route, cost }: { readonly route: string; readonly cost: Cost },
  parametersOf: (item: Item) => object,
): Promise<ReadonlyMap<Item, Answered>> {
  const credentials = await findCredentials(deps, items);
  const answers = new Map<Item, Answered>();
  const sendings = items.flatMap((item) => {
    const found = credentials.get(item.repository_id);
    if (found === undefined) return [];
    if (!("credential" in found)) {
      const answer = "failure" in found ? ({ ok: false, failure: found.failure } as const) : found;
      answers.set(item, { answer, credential: { kind: "app" } });
      return [];
    }
    const { credential } = found;
    const parameters = { ...repositoryOf(item.repository), ...parametersOf(item) };
    return [{ item, credential, cost, perform: () => deps.github.call(credential, route, parameters) }];
  });
  const sent = await sendWithinBudgets(deps, sendings, rateLimitsOf);
  sendings.forEach(({ item, credential }, index) => {
    const answer = sent[index];
    if (answer !== undefined) answers.set(item, { answer, credential });
  });
  return answers;
}

async function ask(deps: CredentialDeps, repositories: readonly InstalledRepository[]) {
  const credential: Credential = { kind: "app" };
  const sendings = repositories.map(({ repository_id, repository }) => {
    const perform = () =>
      deps.github.call(credential, "GET /repos/{owner}/{repo}/installation", repositoryOf(repository));
    return {
      repository_id,
      credential,
      cost: { points: READ_POINTS, creates: false, minor: false },
      perform,
    };
  });
  const answers = await sendWithinBudgets(deps, sendings, rateLimitsOf);
  return sendings.flatMap(({ repository_id }, index) => {
    const answer = answers[index];
    return answer === undefined ? [] : [[repository_id, credentialOf(answer)] as const];
  });
}

function credentialOf(answer: GitHubAnswer | Refused): InstallationCredential {
  if ("refusedUntilMs" in answer) return answer;
  if (!answer.ok) return { failure: answer.failure.class === "missing" ? NOT_INSTALLED : answer.failure };
  const parsed = v.safeParse(installation, answer.data);
  return parsed.success
    ? { credential: { kind: "installation", id: parsed.output.id } }
    : { failure: UNREADABLE_ANSWER };
}
