/** Posts reactions to commands, so that people see that they were read. One that cannot be posted is skipped. */
import { nextAttempt } from "@webhook-gateway/shared/domain/failure.ts";
import { claimReactions, type DueReaction } from "@webhook-gateway/shared/store/claim/github-outbox.ts";
import { commit } from "@webhook-gateway/shared/store/write/commit.ts";
import type { Mutation, ReactionOutcome } from "@webhook-gateway/shared/store/write/mutation.ts";
import { isoTime } from "@webhook-gateway/shared/text/iso-time.ts";
import { runEffect, wakeTimes } from "../effects/run-effect.ts";
import { WRITE_POINTS } from "../github/budget.ts";
import { type Answered, type CredentialDeps, sendForEach } from "../github/installation.ts";
import { attemptedOf, installationIdOf, limitsOf } from "../github/limit.ts";
import { SENDING_LEASE_MS } from "../github/send.ts";

export interface ReactionDeps extends CredentialDeps {
  readonly random: () => number;
}

const BATCH_SIZE = 25;
/** Nobody waits for a reaction longer than the backoff of this many attempts. */
const MAX_ATTEMPTS = 5;
const REACTION = {
  route: "POST /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions",
  cost: { points: WRITE_POINTS, creates: true, minor: true },
} as const;

/** Posts the reactions that are due. @returns when to look again */
export async function reactDue(deps: ReactionDeps): Promise<readonly string[]> {
  const { mode } = deps.github;
  if (mode === "none") return [];
  const { wakeAt } = await runEffect(deps, {
    name: "reaction",
    leaseMs: SENDING_LEASE_MS,
    batchSize: BATCH_SIZE,
    maxRounds: 1,
    claim: async (lease) => ({ items: await claimReactions(deps.db, mode, lease) }),
    perform: ({ items }) =>
      sendForEach(deps, items, REACTION, ({ comment_id, content }) => ({ comment_id, content })),
    async settle({ items }, answers) {
      const nowMs = deps.now().getTime();
      const outcomes = items.map((one) => settleReaction(one, answers.get(one), nowMs, deps.random()));
      const limits = limitsOf([...answers.values()].map((one) => attemptedOf(one, REACTION.cost)));
      await commit(deps.db, isoTime(nowMs), [
        ...outcomes.map((row): Mutation => ({ kind: "reactionOutcome", row })),
        ...limits.map((row): Mutation => ({ kind: "limit", row })),
      ]);
      return {
        lines: items.map((reaction) => {
          const { delivery_id, comment_id } = reaction;
          // A reaction that could not be posted is not a failure.
          return {
            fields: { delivery_id, comment_id, class: classOf(answers.get(reaction)) },
            failed: false,
          };
        }),
        wakeAt: wakeTimes(outcomes, nowMs, limits),
        more: items.length === BATCH_SIZE,
      };
    },
  });
  return wakeAt;
}

function classOf(answered: Answered | undefined): string {
  if (answered === undefined || "refusedUntilMs" in answered.answer) return "refused";
  return answered.answer.ok ? "posted" : answered.answer.failure.class;
}

function settleReaction(
  reaction: DueReaction,
  answered: Answered | undefined,
  nowMs: number,
  random: number,
): ReactionOutcome {
  const base = {
    delivery_id: reaction.delivery_id,
    attempts: reaction.attempts,
    due_at: isoTime(nowMs),
    installation_id: installationIdOf(answered?.credential),
    reason: null,
  };
  // What a limit holds is still due.
  if (answered === undefined || "refusedUntilMs" in answered.answer) return { ...base, status: "due" };
  const { answer } = answered;
  if (answer.ok) return { ...base, status: "posted" };
  const { class: name, error } = answer.failure;
  if (name === "limited") return { ...base, status: "due" };
  const attempts = reaction.attempts + 1;
  const next = nextAttempt(attempts, MAX_ATTEMPTS, nowMs, random);
  const again = name === "retryable" || name === "credentials";
  if (again && !next.dead) return { ...base, status: "due", attempts, due_at: next.dueAt };
  return { ...base, status: "skipped", attempts, reason: error };
}
