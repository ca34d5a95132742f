/**
 * The watchdog: validations at Grainchain from which nothing was heard for too long are asked for. What has finished
 * is picked up although its callback was lost; what Grainchain does not know, or has had for too long, times out.
 */

import { isFinal } from "@webhook-gateway/shared/domain/validation.ts";
import { judge } from "@webhook-gateway/shared/domain/verdict.ts";
import { loadValidations } from "@webhook-gateway/shared/store/claim/claim.ts";
import { claimSilent } from "@webhook-gateway/shared/store/claim/watch.ts";
import type { Results, Validation } from "@webhook-gateway/shared/store/rows.ts";
import { loadDispatchSettings } from "@webhook-gateway/shared/store/settings.ts";
import { commit } from "@webhook-gateway/shared/store/write/commit.ts";
import type { Log } from "@webhook-gateway/shared/telemetry/log.ts";
import { applyWord } from "../decide/callback.ts";
import { Draft } from "../record/change-set.ts";
import { logFinished } from "../record/finish-log.ts";
import type { Grainchain, GrainchainStanding } from "./grainchain.ts";
import { keepAnswered } from "./kept-results.ts";

export interface WatchConfig {
  /** One validation's time at Grainchain. */
  readonly validationTimeoutMs: number;
  readonly requestTimeoutMs: number;
  /** A validation may be at Grainchain for this long in all. */
  readonly maxAgeMs: number;
}

export interface WatchDeps {
  readonly db: D1Database;
  readonly grainchain: Grainchain;
  readonly config: WatchConfig;
  readonly log: Log;
  readonly now: () => Date;
  readonly newId: () => string;
}

/** Beyond its own time, a validation is given this much before it is asked for (contract). */
const SILENCE_SLACK_MS = 60_000;
const LEASE_SLACK_MS = 30_000;
/** Calls at once (a Worker may hold 6 connections open, docs 2026-11). */
const CALLS_AT_ONCE = 6;
/** Groups of calls in one invocation. */
const MAX_ROUNDS = 50;
const MAX_CONFLICTS = 8;

/** Asks for what is silent. */
export async function watchSilent(deps: WatchDeps): Promise<void> {
  const { db, config, log } = deps;
  const { gate } = await loadDispatchSettings(db);
  // Where dispatches are refused as well, "not found" says nothing of a validation.
  const believed = !(gate.state === "closed" && gate.reason === "configuration");
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const nowMs = deps.now().getTime();
    const silent = await claimSilent(db, {
      now: iso(nowMs),
      leaseUntil: iso(nowMs + config.requestTimeoutMs + LEASE_SLACK_MS),
      silentSince: iso(nowMs - config.validationTimeoutMs - SILENCE_SLACK_MS),
      limit: CALLS_AT_ONCE,
    });
    if (silent.length === 0) return;
    const asked = await Promise.all(silent.map((row) => ask(deps, row, believed)));
    const moved = await record(deps, asked);
    log.info("watchdog.batch", { asked: asked.length, moved });
  }
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
    const draft = new Draft(iso(deps.now().getTime()), { validations });
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

const iso = (ms: number): string => new Date(ms).toISOString();
