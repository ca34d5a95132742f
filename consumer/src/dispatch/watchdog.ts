/**
 * The watchdog: validations at Grainchain from which nothing was heard for too long are asked for. What has finished
 * is picked up although its callback was lost; what Grainchain does not know, or has had for too long, times out.
 */

import { isFinal } from "@webhook-gateway/shared/domain/validation.ts";
import { judge } from "@webhook-gateway/shared/domain/verdict.ts";
import { loadValidations } from "@webhook-gateway/shared/store/claim/claim.ts";
import { claimStale } from "@webhook-gateway/shared/store/claim/watch.ts";
import type { Results, Validation } from "@webhook-gateway/shared/store/rows.ts";
import { loadDispatchSettings } from "@webhook-gateway/shared/store/settings.ts";
import { commit } from "@webhook-gateway/shared/store/write/commit.ts";
import { isoTime } from "@webhook-gateway/shared/text/iso-time.ts";
import { applyWord } from "../decide/callback.ts";
import { type EffectDeps, runEffect } from "../effects/run-effect.ts";
import { Draft } from "../record/change-set.ts";
import { logFinished } from "../record/finish-log.ts";
import { CALLS_AT_ONCE, type Grainchain, type GrainchainStanding, LEASE_SLACK_MS } from "./grainchain.ts";
import { keepAnswered } from "./kept-results.ts";

export interface WatchConfig {
  /** One validation's time at Grainchain. */
  readonly validationTimeoutMs: number;
  readonly requestTimeoutMs: number;
  /** A validation may be at Grainchain for this long in all. */
  readonly maxAgeMs: number;
}

export interface WatchDeps extends EffectDeps {
  readonly db: D1Database;
  readonly grainchain: Grainchain;
  readonly config: WatchConfig;
}

/** Beyond its own time, a validation is given this much before it is asked for. */
const STALE_SLACK_MS = 60_000;
/** Groups of calls in one invocation. */
const MAX_ROUNDS = 50;
const MAX_CONFLICTS = 8;

/** Asks Grainchain for stale validations. */
export async function watchStale(deps: WatchDeps): Promise<void> {
  const { db, config } = deps;
  const { gate } = await loadDispatchSettings(db);
  // While dispatches are refused as well, "not found" says nothing about a validation.
  const believed = !(gate.state === "closed" && gate.reason === "configuration");
  await runEffect(deps, {
    name: "watchdog",
    leaseMs: config.requestTimeoutMs + LEASE_SLACK_MS,
    batchSize: CALLS_AT_ONCE,
    maxRounds: MAX_ROUNDS,
    async claim(lease) {
      const heardBefore = isoTime(Date.parse(lease.now) - config.validationTimeoutMs - STALE_SLACK_MS);
      return { items: await claimStale(db, lease, heardBefore) };
    },
    perform: ({ items }) => Promise.all(items.map((row) => ask(deps, row, believed))),
    async settle(_, asked) {
      return { batch: { asked: asked.length, moved: await record(deps, asked) }, wakeAt: [], more: true };
    },
  });
}

interface Asked {
  readonly id: string;
  readonly standing: GrainchainStanding;
  readonly results?: Results | undefined;
}

/** @param believed whether an answer that Grainchain does not know a validation can be believed */
async function ask(deps: WatchDeps, row: Validation, believed: boolean): Promise<Asked> {
  if (row.grainchain_id === null)
    return { id: row.id, standing: { kind: "no-answer", error: "it has no id" } };
  const standing = await deps.grainchain.status(row.grainchain_id, deps.newId());
  if (standing.kind === "unknown" && !believed) {
    return { id: row.id, standing: { kind: "no-answer", error: "its paths are refused" } };
  }
  if (standing.kind !== "known") return { id: row.id, standing };
  return { id: row.id, standing, results: await keepAnswered(deps, standing.results) };
}

/** @returns how many validations finished */
async function record(deps: WatchDeps, asked: readonly Asked[]): Promise<number> {
  for (let attempt = 0; attempt < MAX_CONFLICTS; attempt++) {
    const validations = await loadValidations(
      deps.db,
      asked.map(({ id }) => id),
    );
    const draft = new Draft(deps.now().toISOString(), { validations });
    for (const one of asked) decide(draft, one, deps.config.maxAgeMs);
    const changes = draft.changes();
    if ((await commit(deps.db, changes)) === "committed") {
      logFinished(deps.log, changes);
      return changes.validations.filter(({ state }) => isFinal(state)).length;
    }
  }
  deps.log.warn("watchdog.conflicts", { asked: asked.length });
  return 0;
}

function decide(draft: Draft, { id, standing, results }: Asked, maxAgeMs: number): void {
  const row = draft.validation(id);
  if (row === undefined || isFinal(row.state)) return;
  let current = row;
  if (standing.kind === "known") {
    const { success, error } = judge(standing.status, standing.results);
    const broke = standing.status === "failed" || error !== null;
    current = applyWord(draft, row, {
      id: null,
      status: standing.status,
      success,
      error: broke ? (standing.error ?? error) : null,
      received_at: draft.now,
      occurred_at: null,
      results,
    });
  } else if (standing.kind === "unknown") {
    draft.signal(row, { type: "timed_out" }, because("Grainchain does not know it"), {
      error: "Grainchain does not know this validation",
    });
    return;
  }
  const since = Date.parse(row.dispatched_at ?? row.created_at);
  if (isFinal(current.state) || Date.parse(draft.now) - since < maxAgeMs) return;
  draft.signal(current, { type: "timed_out" }, because("it was at Grainchain for too long"), {
    error: "no result within VALIDATION_MAX_AGE_SECONDS",
  });
  if (row.grainchain_id !== null) draft.addCancel(row.id, row.grainchain_id, "timed out");
}

const because = (reason: string) => ({ reason: `timed out: ${reason}`, deliveryId: null });
