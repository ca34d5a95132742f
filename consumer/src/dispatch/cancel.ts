/** Sends cancels to Grainchain. */
import { type Failure, nextAttempt } from "@webhook-gateway/shared/domain/failure.ts";
import { type Cancel, claimCancels } from "@webhook-gateway/shared/store/claim/cancels.ts";
import { commit } from "@webhook-gateway/shared/store/write/commit.ts";
import type { CancelOutcome } from "@webhook-gateway/shared/store/write/mutation.ts";
import { isoTime } from "@webhook-gateway/shared/text/iso-time.ts";
import { effectDeadLetter } from "../effects/dead-letter.ts";
import { idText } from "../effects/effect-log.ts";
import { type EffectDeps, earliest, runEffect } from "../effects/run-effect.ts";
import { CALLS_AT_ONCE, type Grainchain, LEASE_SLACK_MS } from "./grainchain.ts";

export interface CancelDeps extends EffectDeps {
  readonly db: D1Database;
  readonly grainchain: Grainchain;
  readonly config: { readonly requestTimeoutMs: number; readonly maxAttempts: number };
  readonly random: () => number;
}

const MAX_ROUNDS = 20;
/** While Grainchain refuses the configuration, is full or unavailable: tried again after this time, at no cost. */
const FREE_DELAY_MS = 60_000;

/** Sends the cancels that are due. @returns when those that failed are due again */
export async function cancelDue(deps: CancelDeps): Promise<readonly string[]> {
  const { db, config, grainchain, now, newId } = deps;
  const { wakeAt } = await runEffect(deps, {
    name: "cancel",
    // A call may have to wait for two others.
    leaseMs: 3 * config.requestTimeoutMs + LEASE_SLACK_MS,
    batchSize: CALLS_AT_ONCE,
    maxRounds: MAX_ROUNDS,
    claim: (lease) => claimCancels(db, lease),
    perform: ({ items }) =>
      Promise.all(
        items.map(async (cancel) => ({
          cancel,
          answer: cancel.shared ? SHARED : await grainchain.cancel(cancel.grainchain_id, newId()),
        })),
      ),
    async settle({ unavailable }, performed) {
      const nowMs = now().getTime();
      const cancelOutcomes = performed.map((one) => outcomeOf(deps, one, unavailable, nowMs));
      const deadLetters = performed.flatMap(({ cancel, answer }, index) => {
        const outcome = cancelOutcomes[index];
        if (outcome?.status !== "dead" || typeof answer === "string") return [];
        const { attempts } = outcome;
        const row = effectDeadLetter("cancel", { ...cancel, attempts, first_at: cancel.wanted_at }, answer);
        return [{ kind: "deadLetter", row } as const];
      });
      await commit(db, isoTime(nowMs), [
        ...cancelOutcomes.map((row) => ({ kind: "cancelOutcome", row }) as const),
        ...deadLetters,
      ]);
      const count = (status: string) => cancelOutcomes.filter((outcome) => outcome.status === status).length;
      return {
        lines: performed.map(({ cancel: { validation_id, grainchain_id }, answer }) => {
          const failed = typeof answer !== "string";
          const fields = { validation_id, class: failed ? answer.class : answer };
          return { fields: { ...fields, grainchain_id: idText(grainchain_id) }, failed };
        }),
        batch: { cancels: performed.length, done: count("done"), dead: count("dead") },
        wakeAt: earliest(cancelOutcomes.flatMap(({ status, due_at }) => (status === "due" ? [due_at] : []))),
        more: !(unavailable && count("due") > 0),
      };
    },
  });
  return wakeAt;
}

/** Nothing is sent: Grainchain's ids can repeat, and another live validation has this one. */
const SHARED = "shared" as const;

interface Performed {
  readonly cancel: Cancel;
  readonly answer: "cancelled" | "unknown" | typeof SHARED | Failure;
}

/** @param unavailable dispatches did not get through either: an outage must kill no cancel, however long it lasts */
function outcomeOf(
  deps: CancelDeps,
  { cancel, answer }: Performed,
  unavailable: boolean,
  nowMs: number,
): CancelOutcome {
  const { validation_id } = cancel;
  const attempts = cancel.attempts + 1;
  const base = { validation_id, attempts, due_at: isoTime(nowMs), outcome: null, error: null };
  if (typeof answer === "string") return { ...base, status: "done", outcome: answer };
  const { class: failureClass, error, retryAfterMs = FREE_DELAY_MS } = answer;
  const isFree = failureClass === "configuration" || failureClass === "backpressure";
  if (isFree || (failureClass === "retryable" && unavailable)) {
    const due_at = isoTime(nowMs + retryAfterMs);
    return { ...base, status: "due", attempts: cancel.attempts, due_at, error };
  }
  if (failureClass === "permanent") return { ...base, status: "dead", error };
  const next = nextAttempt(attempts, deps.config.maxAttempts, nowMs, deps.random());
  return next.dead
    ? { ...base, status: "dead", error }
    : { ...base, status: "due", due_at: next.dueAt, error };
}
