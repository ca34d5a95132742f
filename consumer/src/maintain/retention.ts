/** Retention: old rows are deleted once an hour, in chunks, with as much time between them as they take. */

import {
  CHUNK,
  deleteChunk,
  type Horizons,
  loadHorizon,
} from "@webhook-gateway/shared/store/maintain/retention.ts";
import { isDue, RETENTION_DUE, RETENTION_HORIZON, setting } from "@webhook-gateway/shared/store/settings.ts";
import { commit } from "@webhook-gateway/shared/store/write/commit.ts";
import type { Log } from "@webhook-gateway/shared/telemetry/log.ts";
import { isoTime } from "@webhook-gateway/shared/text/iso-time.ts";
import { hasRoom } from "../effects/queries.ts";

export interface RetentionDeps {
  readonly db: D1Database;
  readonly log: Log;
  readonly now: () => Date;
  /** Default: a timer. */
  readonly wait?: (ms: number) => Promise<void>;
  readonly config: { readonly deliveriesDays: number; readonly validationsDays: number };
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** More than a year, so that a yearly review sees all of it. */
const ACTIONS_MS = 400 * DAY_MS;
/** Longer than a callback can be in the queues: hours in the first, 14 days in the dead-letter queue. */
const STRAY_RESULTS_MS = 15 * DAY_MS;
/** Chunks of one invocation, of 17 statements each. A backlog takes several minutes. */
const MAX_CHUNKS = 25;
/** The next cron goes on with it. */
const MAX_MS = 50_000;

/** Deletes what is old, if that is due. */
export async function expireOld(deps: RetentionDeps): Promise<void> {
  const { db, log, config, wait = timer } = deps;
  const nowMs = deps.now().getTime();
  if (!(await isDue(db, RETENTION_DUE, isoTime(nowMs)))) return;
  const horizons: Horizons = {
    deliveriesBefore: isoTime(nowMs - config.deliveriesDays * DAY_MS),
    validationsBefore: isoTime(nowMs - config.validationsDays * DAY_MS),
    actionsBefore: isoTime(nowMs - ACTIONS_MS),
    strayResultsBefore: isoTime(nowMs - STRAY_RESULTS_MS),
  };
  // Stored first, so that missing rows are explained at any instant.
  const horizon = { deliveries_before: later(await loadHorizon(db), horizons.deliveriesBefore) };
  await commit(db, isoTime(nowMs), [setting(RETENTION_HORIZON, horizon)]);
  let most = CHUNK;
  let chunks = 0;
  const isOver = () =>
    chunks === MAX_CHUNKS || deps.now().getTime() - nowMs >= MAX_MS || !hasRoom(db, "retention");
  while (most >= CHUNK && !isOver()) {
    const begunMs = deps.now().getTime();
    most = await deleteChunk(db, horizons);
    chunks++;
    // D1 does one thing at a time: half of it is left to live work.
    if (most >= CHUNK) await wait(deps.now().getTime() - begunMs);
  }
  const dueAt = isoTime(most >= CHUNK ? nowMs : nowMs + HOUR_MS);
  await commit(db, isoTime(nowMs), [setting(RETENTION_DUE, dueAt)]);
  log.info("retention.done", { chunks, more: most >= CHUNK });
}

const timer = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const later = (a: string, b: string): string => (a > b ? a : b);
