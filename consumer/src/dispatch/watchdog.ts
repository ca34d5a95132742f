/**
 * The watchdog asks Grainchain for stale validations, those that it has not heard of for too long. A finished one is
 * picked up although its callback was lost. One that Grainchain does not know, or has had for too long, times out.
 */

import { judge } from "@webhook-gateway/shared/domain/results/verdict.ts";
import { isFinal } from "@webhook-gateway/shared/domain/validation.ts";
import { readRunTimes } from "@webhook-gateway/shared/runs/run-times.ts";
import { loadValidations } from "@webhook-gateway/shared/store/claim/claim.ts";
import { claimStale, type Stale } from "@webhook-gateway/shared/store/claim/watch.ts";
import type { Results } from "@webhook-gateway/shared/store/rows.ts";
import { loadDispatchSettings } from "@webhook-gateway/shared/store/settings.ts";
import type { Validation } from "@webhook-gateway/shared/store/validation-row.ts";
import { type Mutation, rowsOf } from "@webhook-gateway/shared/store/write/mutation.ts";
import { isoTime } from "@webhook-gateway/shared/text/iso-time.ts";
import { endIfTooOld, isTooOld } from "../decide/age.ts";
import { applyStatusUpdate } from "../decide/callback.ts";
import type { ChangeSet } from "../decide/change-set.ts";
import { decideAndCommit } from "../effects/decide-and-commit.ts";
import { runEffect } from "../effects/run-effect.ts";
import {
  CALLS_AT_ONCE,
  type Grainchain,
  LEASE_SLACK_MS,
  NO_ANSWER,
  type StatusAnswer,
} from "./grainchain.ts";
import { type KeepDeps, keepAnswered } from "./kept-results.ts";

export interface WatchConfig {
  /** One validation's time at Grainchain. */
  readonly validationTimeoutMs: number;
  readonly requestTimeoutMs: number;
  /** A validation may be at Grainchain for this long in all. */
  readonly maxAgeMs: number;
}

export interface WatchDeps extends KeepDeps {
  readonly grainchain: Grainchain;
  readonly config: WatchConfig;
}

/** Beyond its own time, a validation is given this much before it is asked for. */
const STALE_SLACK_MS = 60_000;
/** Groups of calls in one invocation. */
const MAX_ROUNDS = 50;
/** A server that answers nothing for this long is asked again by the next cron. */
const UNANSWERED_MS = 20_000;

/**
 * Asks Grainchain for stale validations.
 * @returns whether something is to be reported or dispatched now
 */
export async function watchStale(deps: WatchDeps): Promise<boolean> {
  const { db, config } = deps;
  const { gate } = await loadDispatchSettings(db);
  const begunMs = deps.now().getTime();
  // While dispatches are refused as well, "not found" says nothing about a validation.
  const believed = !(gate.state === "closed" && gate.reason === "configuration");
  let hasEffects = false;
  await runEffect(deps, {
    name: "watchdog",
    // A call may have to wait for two others.
    leaseMs: 3 * config.requestTimeoutMs + LEASE_SLACK_MS,
    // A server that dispatches do not get through to is asked about one at a time.
    batchSize: gate.state === "closed" ? 1 : CALLS_AT_ONCE,
    maxRounds: MAX_ROUNDS,
    async claim(lease) {
      const heardBefore = isoTime(Date.parse(lease.now) - config.validationTimeoutMs - STALE_SLACK_MS);
      return { items: await claimStale(db, lease, heardBefore) };
    },
    perform: ({ items }) => Promise.all(items.map((stale) => ask(deps, stale, believed))),
    async settle(_, asked) {
      const answered = asked.some(({ answer }) => answer.kind !== "no-answer");
      const mutations = await record(deps, asked);
      hasEffects ||= rowsOf(mutations, "report").length > 0;
      const moved = rowsOf(mutations, "validation").filter(({ state }) => isFinal(state)).length;
      return {
        batch: { asked: asked.length, moved },
        wakeAt: [],
        more: answered || deps.now().getTime() < begunMs + UNANSWERED_MS,
      };
    },
  });
  return hasEffects;
}

interface Asked {
  readonly id: string;
  /** Under which it was asked for. */
  readonly grainchainId: string | null;
  readonly answer: StatusAnswer;
  readonly results?: Results | undefined;
}

/** @param believed whether an answer that Grainchain does not know a validation can be believed */
async function ask(deps: WatchDeps, { row, shared }: Stale, believed: boolean): Promise<Asked> {
  const asked = { id: row.id, grainchainId: row.grainchain_id };
  // If another live validation has its id, an answer may be about that one.
  if (row.grainchain_id === null || shared) return { ...asked, answer: NO_ANSWER };
  const answer = await deps.grainchain.status(row.grainchain_id, deps.newId());
  if (answer.kind === "unknown" && !believed) return { ...asked, answer: NO_ANSWER };
  if (answer.kind !== "known") return { ...asked, answer };
  return { ...asked, answer, results: await keepAnswered(deps, row.id, answer.results) };
}

/** @returns what was written */
async function record(deps: WatchDeps, asked: readonly Asked[]): Promise<readonly Mutation[]> {
  const ids = asked.map(({ id }) => id);
  const committed = await decideAndCommit(deps, {
    load: async () => ({ validations: await loadValidations(deps.db, ids) }),
    decide(changes) {
      for (const one of asked) decide(changes, one, deps.config.maxAgeMs);
    },
  });
  if (committed === undefined) deps.log.warn("watchdog.conflicts", { asked: asked.length });
  return committed?.mutations ?? [];
}

function decide(changes: ChangeSet, { id, grainchainId, answer, results }: Asked, maxAgeMs: number): void {
  const row = changes.validation(id);
  // If it was dispatched once more meanwhile, the answer is about a run that is lost.
  if (row === undefined || isFinal(row.state) || row.grainchain_id !== grainchainId) return;
  let current = row;
  if (answer.kind === "known") {
    const { success, error } = judge(answer.status, answer.results);
    const broke = answer.status === "failed" || error !== null;
    current = applyStatusUpdate(changes, row, {
      id: null,
      status: answer.status,
      success,
      error: broke ? (answer.error ?? error) : null,
      received_at: changes.now,
      occurred_at: null,
      ...readRunTimes(answer, answer.results),
      results,
    });
  } else if (answer.kind === "unknown") {
    if (row.resendable && !isTooOld(row, maxAgeMs, changes.now)) {
      resend(changes, row);
      return;
    }
    const reason = "timed out: Grainchain does not know it";
    const error = "Grainchain does not know this validation";
    changes.signal(row, { type: "timed_out" }, { reason, deliveryId: null }, { error });
    return;
  }
  endIfTooOld(changes, current, maxAgeMs, { at: changes.now, deliveryId: null });
}

/** A server that keeps its runs in memory has been restarted. If it loses this one twice, the run times out. */
function resend(changes: ChangeSet, row: Validation): void {
  const reason = "dispatched once more: Grainchain does not know it, and nothing was heard of it";
  const patch = { resendable: false, grainchain_id: null, due_at: null };
  changes.signal(row, { type: "lost" }, { reason, deliveryId: null }, patch);
}
