/** Dispatch: what is due is leased, sent to Grainchain in one call, and its outcome recorded in one transaction. */
import { callbackUrl } from "@webhook-gateway/shared/domain/capability.ts";
import { type Failure, nextAttempt } from "@webhook-gateway/shared/domain/failure.ts";
import { type Gate, nextGate } from "@webhook-gateway/shared/domain/gate.ts";
import {
  type Claim,
  claimDue,
  loadExpiredLeases,
  loadValidations,
} from "@webhook-gateway/shared/store/claim/claim.ts";
import {
  GATE,
  GRAINCHAIN_SEEN,
  movedGate,
  NO_BATCH_UNTIL,
  setting,
} from "@webhook-gateway/shared/store/settings.ts";
import type { Validation } from "@webhook-gateway/shared/store/validation-row.ts";
import { type Mutation, rowsOf } from "@webhook-gateway/shared/store/write/mutation.ts";
import { loadUnmatched } from "@webhook-gateway/shared/store/write/unmatched.ts";
import { tally } from "@webhook-gateway/shared/telemetry/tally.ts";
import { isoTime } from "@webhook-gateway/shared/text/iso-time.ts";
import { decideAndCommit } from "../effects/decide-and-commit.ts";
import { earliest, runEffect } from "../effects/run-effect.ts";
import { type Grainchain, LEASE_SLACK_MS, NOT_SENT, type Trigger } from "./grainchain.ts";
import { type KeepDeps, keepAnswered } from "./kept-results.ts";
import { type Dispatched, decideOutcomes } from "./outcome.ts";
import { type Sent, sendAll } from "./trigger.ts";

export interface DispatchConfig {
  readonly callbackBaseUrl: string;
  readonly callbackSecret: string;
  readonly requestTimeoutMs: number;
  readonly maxConcurrent: number;
  readonly maxPerRepository: number;
  readonly maxAttempts: number;
}

export interface DispatchDeps extends KeepDeps {
  readonly grainchain: Grainchain;
  readonly config: DispatchConfig;
  readonly random: () => number;
}

/** Validations in one call to Grainchain (its API's limit). */
export const BATCH_SIZE = 100;

/** Calls that one invocation makes before it leaves the rest to the next wake-up. */
const MAX_ROUNDS = 20;

/** A server without a batch endpoint is asked for one again after this time. */
const NO_BATCH_MS = 3_600_000;

export interface DispatchSummary {
  readonly dispatched: number;
  /** When to look again, sooner than the cron would. */
  readonly wakeAt: readonly string[];
}

export const NOTHING_DISPATCHED: DispatchSummary = { dispatched: 0, wakeAt: [] };

/** Dispatches what is due: leased, sent to Grainchain in one call, and its outcome recorded in one transaction. */
export async function dispatchDue(deps: DispatchDeps): Promise<DispatchSummary> {
  const { db, grainchain, config } = deps;
  const expired = await returnExpiredLeases(deps);
  const { performed, wakeAt } = await runEffect(deps, {
    name: "dispatch",
    leaseMs: config.requestTimeoutMs + LEASE_SLACK_MS,
    batchSize: BATCH_SIZE,
    maxRounds: MAX_ROUNDS,
    async claim(lease) {
      const claim = await claimDue(db, {
        ...lease,
        maxConcurrent: config.maxConcurrent,
        emits: deps.emits,
        maxPerRepository: config.maxPerRepository,
      });
      // Each backoff that ends leads to the next one: wake-ups are sent for the first of those that began together.
      return {
        ...claim,
        items: claim.validations,
        more: claim.setAside,
        wakeAt: claim.nextDueAt === null ? [] : [claim.nextDueAt],
      };
    },
    async perform({ items, settings: { noBatchUntil } }, { leaseId, now, leaseUntil }) {
      const triggers = await Promise.all(items.map((validation) => triggerOf(config, validation)));
      return sendAll(grainchain, triggers, {
        requestId: leaseId,
        batch: noBatchUntil === undefined || noBatchUntil <= now,
        // No call may outlive the lease.
        lastCallMs: Date.parse(leaseUntil) - config.requestTimeoutMs,
        now: deps.now,
      });
    },
    async settle(claim, sent, { leaseId: lease_id }) {
      const { gate, wakeAt } = await recordOutcomes(deps, claim, lease_id, sent);
      const opened = claim.settings.gate.state === "closed" && gate.state === "open";
      return {
        lines: claim.items.map(({ id }, index) => {
          const outcome = sent.outcomes[index] ?? LOST;
          const accepted = outcome.class === "accepted";
          const grainchain_id = accepted ? outcome.grainchainId : null;
          const fields = { validation_id: id, class: outcome.class, grainchain_id, lease_id };
          return { fields, failed: !accepted };
        }),
        batch: {
          lease_id,
          claimed: claim.items.length,
          calls: sent.calls,
          ...tally(sent.outcomes.map((outcome) => outcome.class)),
        },
        wakeAt,
        more: claim.items.length === BATCH_SIZE || opened || claim.setAside,
      };
    },
  });
  return { dispatched: performed, wakeAt: [...expired, ...wakeAt] };
}

async function triggerOf(config: DispatchConfig, validation: Validation): Promise<Trigger> {
  const webhookUrl = await callbackUrl(config.callbackBaseUrl, config.callbackSecret, validation.id);
  return { validation, webhookUrl };
}

/** @returns the gate after it, and when the gate's time and the first backoff end */
async function recordOutcomes(
  deps: DispatchDeps,
  claim: Claim,
  leaseId: string,
  sent: Sent,
): Promise<{ readonly gate: Gate; readonly wakeAt: readonly string[] }> {
  const dispatched = await Promise.all(
    claim.validations.map(async ({ id }, index) => {
      const outcome = sent.outcomes[index] ?? LOST;
      const results =
        outcome.class === "accepted" ? await keepAnswered(deps, id, outcome.results) : undefined;
      return { id, leaseId, outcome, results };
    }),
  );
  const nowMs = deps.now().getTime();
  const { gate: before } = claim.settings;
  const gate = nextGate(before, sent.callOutcome, nowMs);
  // If single calls are refused as well, it is not the batch endpoint that is missing.
  const noBatch = sent.noBatch && sent.callOutcome.closing?.class !== "configuration";
  const settings = [
    ...(noBatch ? [setting(NO_BATCH_UNTIL, isoTime(nowMs + NO_BATCH_MS))] : []),
    ...movedGate(GATE, before, gate),
    // What was not sent shows nothing of Grainchain.
    ...(sent.outcomes.every((outcome) => outcome === NOT_SENT)
      ? []
      : [setting(GRAINCHAIN_SEEN, seenOf(sent, isoTime(nowMs)))]),
  ];
  const dueAt = await commitOutcomes(deps, dispatched, settings);
  return { gate, wakeAt: [...dueAt, ...(gate.state === "closed" ? [gate.until] : [])] };
}

/**
 * Dispatches that ended without an outcome count as an attempt that may be made again.
 * @returns when the first of them is due again
 */
async function returnExpiredLeases(deps: DispatchDeps): Promise<readonly string[]> {
  const expired = await loadExpiredLeases(deps.db, deps.now().toISOString(), BATCH_SIZE);
  if (expired.length === 0) return [];
  deps.log.warn("dispatch.leases-expired", { validations: expired.length });
  const dispatched = expired.map(({ id, lease_id }) => ({ id, leaseId: lease_id, outcome: LOST }));
  return commitOutcomes(deps, dispatched, []);
}

async function commitOutcomes(
  deps: DispatchDeps,
  dispatched: readonly Dispatched[],
  settings: readonly Mutation<"setting">[],
): Promise<readonly string[]> {
  const { db, config, log } = deps;
  const ids = dispatched.map(({ id }) => id);
  const given = new Set(
    dispatched.flatMap(({ outcome }) => (outcome.class === "accepted" ? (outcome.grainchainId ?? []) : [])),
  );
  const committed = await decideAndCommit(deps, {
    load: async () => ({
      validations: await loadValidations(db, ids),
      unmatched: await loadUnmatched(db, [...given]),
    }),
    decide(changes, { unmatched }) {
      const byId = Map.groupBy(unmatched, (callback) => callback.given_id);
      for (const given_id of given) {
        changes.add({ kind: "awaited", row: { given_id, unmatched: byId.get(given_id)?.length ?? 0 } });
      }
      decideOutcomes(changes, dispatched, unmatched, (attempts) =>
        nextAttempt(attempts, config.maxAttempts, Date.parse(changes.now), deps.random()),
      );
      for (const setting of settings) changes.add(setting);
    },
  });
  if (committed === undefined) {
    // The leases run out and the same idempotency keys are sent again: nothing runs twice.
    log.error("dispatch.conflicts", { validations: dispatched.length });
    return [];
  }
  return earliest(rowsOf(committed.mutations, "validation").flatMap(({ due_at }) => due_at ?? []));
}

const LOST: Failure = { class: "retryable", error: "the dispatch ended without an outcome" };

function seenOf(sent: Sent, at: string): { at: string; outcome: string; detail: string } {
  const failure = sent.callOutcome.closing;
  if (failure !== undefined) return { at, outcome: failure.class, detail: failure.error };
  const first = sent.outcomes.find((outcome): outcome is Failure => outcome.class === "retryable");
  if (sent.callOutcome.served || first === undefined) return { at, outcome: "ok", detail: "" };
  return { at, outcome: "retryable", detail: first.error };
}
