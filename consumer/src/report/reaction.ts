/** Posts reactions to commands, so that people see that they were read. One that cannot be posted is skipped. */
import { nextAttempt } from "@webhook-gateway/shared/domain/failure.ts";
import {
  type Credential,
  GITHUB_TIMEOUT_MS,
  type GitHub,
  type GitHubAnswer,
  limitOf,
} from "@webhook-gateway/shared/github/client.ts";
import { claimReactions, type DueReaction } from "@webhook-gateway/shared/store/claim/github-outbox.ts";
import { commit } from "@webhook-gateway/shared/store/write/commit.ts";
import type { Mutation, ReactionOutcome } from "@webhook-gateway/shared/store/write/mutation.ts";
import { isoTime } from "@webhook-gateway/shared/text/iso-time.ts";
import { earliest, runEffect } from "../effects/run-effect.ts";
import { WRITE_POINTS } from "../github/budget.ts";
import { findCredentials } from "../github/installation.ts";
import { type Attempted, installationIdOf, limitsOf } from "../github/limit.ts";
import { type Refused, type SendDeps, sendWithinBudgets } from "../github/send.ts";

export interface ReactionDeps extends SendDeps {
  readonly db: D1Database;
  readonly github: GitHub;
  readonly random: () => number;
}

const BATCH_SIZE = 25;
const LEASE_MS = 40 * GITHUB_TIMEOUT_MS;
/** Nobody waits for a reaction longer than the backoff of this many attempts. */
const MAX_ATTEMPTS = 5;
const COST = { points: WRITE_POINTS, creates: true, minor: true };

type Result = GitHubAnswer | Refused;

interface Reacted {
  readonly result: Result;
  /** The App's own if the installation had to be asked for first. */
  readonly credential: Credential;
}

/** Posts the reactions that are due. @returns when to look again */
export async function reactDue(deps: ReactionDeps): Promise<readonly string[]> {
  const { mode } = deps.github;
  if (mode === "none") return [];
  const { wakeAt } = await runEffect(deps, {
    name: "reaction",
    leaseMs: LEASE_MS,
    batchSize: BATCH_SIZE,
    maxRounds: 1,
    claim: async (lease) => ({ items: await claimReactions(deps.db, mode, lease) }),
    perform: ({ items }) => react(deps, items),
    async settle({ items }, results) {
      const nowMs = deps.now().getTime();
      const outcomes = items.map((one) => settleReaction(one, results.get(one), nowMs, deps.random()));
      const limits = limitsOf([...results.values()].map(attemptedOf));
      await commit(deps.db, isoTime(nowMs), [
        ...outcomes.map((row): Mutation => ({ kind: "reactionOutcome", row })),
        ...limits.map((row): Mutation => ({ kind: "limit", row })),
      ]);
      const retries = outcomes.flatMap(({ status, due_at }) =>
        status === "due" && due_at > isoTime(nowMs) ? [due_at] : [],
      );
      return {
        lines: items.map((reaction) => {
          const { delivery_id, comment_id } = reaction;
          // A reaction that could not be posted is no failure.
          return {
            fields: { delivery_id, comment_id, class: classOf(results.get(reaction)?.result) },
            failed: false,
          };
        }),
        wakeAt: [...earliest(retries), ...new Set(limits.map(({ until }) => until))],
        more: items.length === BATCH_SIZE,
      };
    },
  });
  return wakeAt;
}

async function react(
  deps: ReactionDeps,
  reactions: readonly DueReaction[],
): Promise<ReadonlyMap<DueReaction, Reacted>> {
  const credentials = await findCredentials(deps, reactions);
  const results = new Map<DueReaction, Reacted>();
  const sendings = reactions.flatMap((reaction) => {
    const found = credentials.get(reaction.repository_id);
    if (found === undefined) return [];
    if (!("credential" in found)) {
      const result = "failure" in found ? ({ ok: false, failure: found.failure } as const) : found;
      results.set(reaction, { result, credential: { kind: "app" } });
      return [];
    }
    const { credential } = found;
    const perform = () => deps.github.call(credential, ROUTE, parametersOf(reaction));
    return [{ reaction, credential, cost: COST, perform }];
  });
  const sent = await sendWithinBudgets(deps, sendings, limitOf);
  sendings.forEach(({ reaction, credential }, index) => {
    const result = sent[index];
    if (result !== undefined) results.set(reaction, { result, credential });
  });
  return results;
}

const attemptedOf = ({ result, credential }: Reacted): Attempted => ({
  credential,
  minor: credential.kind !== "app",
  creates: credential.kind !== "app",
  refusedUntilMs: "refusedUntilMs" in result ? result.refusedUntilMs : undefined,
  limitedUntilMs: "refusedUntilMs" in result ? undefined : limitOf(result)?.untilMs,
});

function classOf(result: Result | undefined): string {
  if (result === undefined || "refusedUntilMs" in result) return "refused";
  return result.ok ? "posted" : result.failure.class;
}

const ROUTE = "POST /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions";

function parametersOf({ repository, comment_id, content }: DueReaction) {
  const [owner, repo] = repository.split("/");
  return { owner, repo, comment_id, content };
}

function settleReaction(
  reaction: DueReaction,
  reacted: Reacted | undefined,
  nowMs: number,
  random: number,
): ReactionOutcome {
  const base = {
    delivery_id: reaction.delivery_id,
    attempts: reaction.attempts,
    due_at: isoTime(nowMs),
    installation_id: installationIdOf(reacted?.credential),
    reason: null,
  };
  // What a limit holds is due all the same.
  if (reacted === undefined || "refusedUntilMs" in reacted.result) return { ...base, status: "due" };
  const { result } = reacted;
  if (result.ok) return { ...base, status: "posted" };
  const { class: name, error } = result.failure;
  if (name === "limited") return { ...base, status: "due" };
  const attempts = reaction.attempts + 1;
  const next = nextAttempt(attempts, MAX_ATTEMPTS, nowMs, random);
  const again = name === "retryable" || name === "credentials";
  if (again && !next.dead) return { ...base, status: "due", attempts, due_at: next.dueAt };
  return { ...base, status: "skipped", attempts, reason: error };
}
