/** Reactions to commands, so that the person sees that they were heard. Where that is not possible, it stays silent. */
import { nextAttempt } from "@webhook-gateway/shared/domain/failure.ts";
import {
  GITHUB_TIMEOUT_MS,
  type GitHub,
  type GitHubAnswer,
  limitOf,
} from "@webhook-gateway/shared/github/client.ts";
import {
  claimReactions,
  type DueReaction,
  type ReactionOutcome,
} from "@webhook-gateway/shared/store/claim/reactions.ts";
import { noChanges } from "@webhook-gateway/shared/store/rows.ts";
import { commit } from "@webhook-gateway/shared/store/write/commit.ts";
import { effectLines } from "../effects/effect-log.ts";
import { findSpeakers, type Speaker } from "../github/installation.ts";
import { type Refused, type SendDeps, sendWithinBudgets } from "../github/send.ts";

export interface ReactionDeps extends SendDeps {
  readonly db: D1Database;
  readonly github: GitHub;
  readonly random: () => number;
}

const BATCH_SIZE = 25;
const LEASE_MS = 12 * GITHUB_TIMEOUT_MS;
/** Nobody waits for a reaction longer than the backoff of so many attempts. */
const MAX_ATTEMPTS = 5;
/** A write; it creates something. */
const WANTED = { points: 5, creates: true, minor: true };

type Result = GitHubAnswer | Refused;

/** Posts the reactions that are due. @returns when the first that failed is due again */
export async function reactDue(deps: ReactionDeps): Promise<readonly string[]> {
  if (deps.github.mode === "none") return [];
  const nowMs = deps.now().getTime();
  const reactions = await claimReactions(deps.db, {
    now: iso(nowMs),
    leaseUntil: iso(nowMs + LEASE_MS),
    limit: BATCH_SIZE,
  });
  if (reactions.length === 0) return [];
  const speakers = await findSpeakers(deps, reactions);
  const results = await react(deps, reactions, speakers);
  const outcomes = reactions.map((reaction) =>
    settleReaction(reaction, results.get(reaction), deps.now().getTime(), deps.random()),
  );
  await commit(deps.db, { ...noChanges(deps.now().toISOString()), reactionOutcomes: outcomes });
  const say = effectLines(deps.log, "reaction.sent");
  for (const reaction of reactions) {
    const { delivery_id, comment_id } = reaction;
    // One that could not be posted stays silent: it is no failure.
    say({ delivery_id, comment_id, class: classOf(results.get(reaction)) }, false);
  }
  const due = outcomes.flatMap(({ status, due_at }) => (status === "due" ? [due_at] : []));
  // There may be more.
  if (reactions.length === BATCH_SIZE) due.push(deps.now().toISOString());
  return due.toSorted().slice(0, 1);
}

async function react(
  deps: ReactionDeps,
  reactions: readonly DueReaction[],
  speakers: ReadonlyMap<number, Speaker>,
): Promise<ReadonlyMap<DueReaction, Result>> {
  const results = new Map<DueReaction, Result>();
  const sendings = reactions.flatMap((reaction) => {
    const speaker = speakers.get(reaction.repository_id);
    if (speaker === undefined || !("credential" in speaker)) {
      if (speaker !== undefined) results.set(reaction, unspoken(speaker));
      return [];
    }
    const { credential } = speaker;
    const perform = () => deps.github.call(credential, ROUTE, parametersOf(reaction));
    return [{ reaction, credential, wanted: WANTED, perform }];
  });
  const sent = await sendWithinBudgets(deps, sendings, limitOf);
  sendings.forEach(({ reaction }, index) => {
    const result = sent[index];
    if (result !== undefined) results.set(reaction, result);
  });
  return results;
}

function classOf(result: Result | undefined): string {
  if (result === undefined || "refusedUntilMs" in result) return "refused";
  return result.ok ? "posted" : result.failure.class;
}

const unspoken = (speaker: Exclude<Speaker, { credential: unknown }>): Result =>
  "failure" in speaker ? { ok: false, failure: speaker.failure } : speaker;

const ROUTE = "POST /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions";

function parametersOf({ repository, comment_id, content }: DueReaction) {
  const [owner, repo] = repository.split("/");
  return { owner, repo, comment_id, content };
}

function settleReaction(
  reaction: DueReaction,
  result: Result | undefined,
  nowMs: number,
  random: number,
): ReactionOutcome {
  const base = {
    delivery_id: reaction.delivery_id,
    attempts: reaction.attempts,
    due_at: iso(nowMs),
    reason: null,
  };
  if (result === undefined) return { ...base, status: "due" };
  if ("refusedUntilMs" in result) return { ...base, status: "due", due_at: iso(result.refusedUntilMs) };
  if (result.ok) return { ...base, status: "posted" };
  const { class: name, error, limitedUntilMs } = result.failure;
  if (name === "limited") return { ...base, status: "due", due_at: iso(limitedUntilMs ?? nowMs) };
  const attempts = reaction.attempts + 1;
  const next = nextAttempt(attempts, MAX_ATTEMPTS, nowMs, random);
  const again = name === "retryable" || name === "credentials";
  if (again && !next.dead) return { ...base, status: "due", attempts, due_at: next.dueAt };
  return { ...base, status: "skipped", attempts, reason: error };
}

const iso = (ms: number): string => new Date(ms).toISOString();
