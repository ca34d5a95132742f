/** Cancels at Grainchain: an effect like any other, claimed, performed, and tried again. */
import { nextAttempt } from "@webhook-gateway/shared/domain/failure.ts";
import { type Cancel, claimCancels } from "@webhook-gateway/shared/store/claim/cancels.ts";
import { type CancelOutcome, type DeadLetter, noChanges } from "@webhook-gateway/shared/store/rows.ts";
import { commit } from "@webhook-gateway/shared/store/write/commit.ts";
import type { Log } from "@webhook-gateway/shared/telemetry/log.ts";
import { effectLines, idText } from "../effects/effect-log.ts";
import type { Grainchain } from "./grainchain.ts";

export interface CancelDeps {
  readonly db: D1Database;
  readonly grainchain: Grainchain;
  readonly config: { readonly requestTimeoutMs: number; readonly maxAttempts: number };
  readonly log: Log;
  readonly now: () => Date;
  readonly random: () => number;
  readonly newId: () => string;
}

/** Calls at once (a Worker may hold 6 connections open, docs 2026-11). */
const CALLS_AT_ONCE = 6;
const LEASE_SLACK_MS = 30_000;
/** Groups of calls in one invocation. */
const MAX_ROUNDS = 20;
/** While Grainchain refuses the configuration, and while it is full: tried again after this time, at no cost. */
const REFUSED_DELAY_MS = 60_000;

/** Sends the cancels that are due. @returns when the first that failed is due again */
export async function cancelDue(deps: CancelDeps): Promise<string | null> {
  let wakeAt: string | null = null;
  const say = effectLines(deps.log, "cancel.sent");
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const now = deps.now();
    const leaseUntil = new Date(now.getTime() + deps.config.requestTimeoutMs + LEASE_SLACK_MS).toISOString();
    const cancels = await claimCancels(deps.db, now.toISOString(), leaseUntil, CALLS_AT_ONCE);
    if (cancels.length === 0) break;
    const outcomes = await Promise.all(cancels.map((cancel) => perform(deps, cancel)));
    const settledAt = deps.now();
    await commit(deps.db, {
      ...noChanges(settledAt.toISOString()),
      cancelOutcomes: outcomes,
      deadLetters: outcomes.flatMap(({ letter }) => (letter === undefined ? [] : [letter])),
    });
    for (const { validation_id, grainchain_id, class: name, error } of outcomes) {
      say({ validation_id, class: name, grainchain_id: idText(grainchain_id) }, error !== null);
    }
    deps.log.info("cancel.batch", {
      cancels: cancels.length,
      duration_ms: settledAt.getTime() - now.getTime(),
      done: count(outcomes, "done"),
      dead: count(outcomes, "dead"),
    });
    for (const { status, due_at } of outcomes) {
      if (status === "due" && (wakeAt === null || due_at < wakeAt)) wakeAt = due_at;
    }
  }
  return wakeAt;
}

interface Performed extends CancelOutcome {
  readonly grainchain_id: string;
  /** What Grainchain said, or the class of what kept it from being heard. */
  readonly class: string;
  readonly letter?: DeadLetter;
}

async function perform(deps: CancelDeps, cancel: Cancel): Promise<Performed> {
  const answer = await deps.grainchain.cancel(cancel.grainchain_id, deps.newId());
  const nowMs = deps.now().getTime();
  const at = new Date(nowMs).toISOString();
  const { validation_id, grainchain_id } = cancel;
  const attempts = cancel.attempts + 1;
  const id = { validation_id, grainchain_id, class: typeof answer === "string" ? answer : answer.class };
  if (typeof answer === "string") {
    return { ...id, status: "done", attempts, due_at: at, outcome: answer, error: null };
  }
  const { class: failureClass, error, retryAfterMs = REFUSED_DELAY_MS } = answer;
  if (failureClass === "configuration" || failureClass === "backpressure") {
    const due_at = new Date(nowMs + retryAfterMs).toISOString();
    return { ...id, status: "due", attempts: cancel.attempts, due_at, outcome: null, error };
  }
  const next =
    failureClass === "permanent"
      ? ({ dead: true } as const)
      : nextAttempt(attempts, deps.config.maxAttempts, nowMs, deps.random());
  if (!next.dead) return { ...id, status: "due", attempts, due_at: next.dueAt, outcome: null, error };
  const letter = {
    id: `cancel-${validation_id}`,
    validation_id,
    kind: "cancel" as const,
    class: failureClass,
    error,
    attempts,
    first_at: cancel.wanted_at,
    repository: null,
    delivery_id: null,
    body: null,
  };
  return { ...id, status: "dead", attempts, due_at: at, outcome: null, error, letter };
}

const count = (outcomes: readonly CancelOutcome[], status: string): number =>
  outcomes.filter((outcome) => outcome.status === status).length;
