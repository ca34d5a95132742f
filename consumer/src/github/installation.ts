/** Which credential speaks for a repository: the token, or the installation of the App that it belongs to. */

import {
  type Credential,
  type GitHub,
  type GitHubAnswer,
  limitOf,
} from "@webhook-gateway/shared/github/client.ts";
import type { GitHubFailure } from "@webhook-gateway/shared/github/failure.ts";
import { storeInstallations } from "@webhook-gateway/shared/store/claim/reports.ts";
import * as v from "valibot";
import { type Refused, type SendDeps, sendWithinBudgets } from "./send.ts";

/** A repository, with what is known of its installation. */
export interface InstalledRepository {
  readonly repository_id: number;
  readonly repository: string;
  readonly installation_id: number | null;
  readonly installation_at: string | null;
}

/** `failure`: nobody can speak for it now. */
export type Speaker = { readonly credential: Credential } | { readonly failure: GitHubFailure } | Refused;

/** A repository without an installation is asked for again after this time. */
const ASK_AGAIN_MS = 10 * 60_000;
const READ = { points: 1, creates: false, minor: false };

const installation = v.object({ id: v.number() });

export const NOT_INSTALLED: GitHubFailure = {
  class: "missing",
  error: "the GitHub App is not installed on this repository",
};

export interface SpeakerDeps extends SendDeps {
  readonly db: D1Database;
  readonly github: GitHub;
}

/** Finds the speakers of repositories, by their ids. What GitHub says is kept in D1. */
export async function findSpeakers(
  deps: SpeakerDeps,
  repositories: readonly InstalledRepository[],
): Promise<ReadonlyMap<number, Speaker>> {
  const { github } = deps;
  const distinct = [...new Map(repositories.map((one) => [one.repository_id, one])).values()];
  if (github.mode === "token") {
    return new Map(distinct.map((one) => [one.repository_id, { credential: { kind: "token" } }]));
  }
  const known = new Map<number, Speaker>();
  const unknown: InstalledRepository[] = [];
  for (const one of distinct) {
    const speaker = knownSpeaker(one, deps.now().getTime());
    if (speaker === undefined) unknown.push(one);
    else known.set(one.repository_id, speaker);
  }
  const asked = await askAll(deps, unknown);
  const found = asked.flatMap(({ repository_id, speaker }) => {
    if ("credential" in speaker) return [{ repository_id, installation_id: idOf(speaker.credential) }];
    return "failure" in speaker && speaker.failure === NOT_INSTALLED
      ? [{ repository_id, installation_id: null }]
      : [];
  });
  if (found.length > 0) await storeInstallations(deps.db, found, deps.now().toISOString());
  return new Map([...known, ...asked.map(({ repository_id, speaker }) => [repository_id, speaker] as const)]);
}

function knownSpeaker(one: InstalledRepository, nowMs: number): Speaker | undefined {
  if (one.installation_id !== null) return { credential: { kind: "installation", id: one.installation_id } };
  const askedMs = one.installation_at === null ? 0 : Date.parse(one.installation_at);
  return nowMs - askedMs < ASK_AGAIN_MS ? { failure: NOT_INSTALLED } : undefined;
}

async function askAll(deps: SpeakerDeps, repositories: readonly InstalledRepository[]) {
  const credential: Credential = { kind: "app" };
  const sendings = repositories.map(({ repository_id, repository }) => {
    const [owner, repo] = repository.split("/");
    const perform = () =>
      deps.github.call(credential, "GET /repos/{owner}/{repo}/installation", { owner, repo });
    return { repository_id, credential, wanted: READ, perform };
  });
  const answers = await sendWithinBudgets(deps, sendings, limitOf);
  return sendings.flatMap(({ repository_id }, index) => {
    const answer = answers[index];
    return answer === undefined ? [] : [{ repository_id, speaker: speakerBy(answer) }];
  });
}

function speakerBy(answer: GitHubAnswer | Refused): Speaker {
  if ("refusedUntilMs" in answer) return answer;
  return answer.ok ? speakerOf(answer.data) : { failure: notInstalled(answer.failure) };
}

function speakerOf(data: unknown): Speaker {
  const parsed = v.safeParse(installation, data);
  if (parsed.success) return { credential: { kind: "installation", id: parsed.output.id } };
  return { failure: { class: "retryable", error: "GitHub's answer could not be read" } };
}

const notInstalled = (failure: GitHubFailure): GitHubFailure =>
  failure.class === "missing" ? NOT_INSTALLED : failure;

const idOf = (credential: Credential): number | null =>
  credential.kind === "installation" ? credential.id : null;
