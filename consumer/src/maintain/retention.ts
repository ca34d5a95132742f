/**
 * Retention: old rows are deleted once an hour, in chunks, with as much time between them as they take. Validations go to
 * the archive first. A database that would fill up keeps less than the configuration says.
 */
import type { Archive } from "@webhook-gateway/shared/archive/archive.ts";
import {
  archivesEarly,
  databaseSizeText,
  fullPercent,
  SHORTENED_PERCENT,
} from "@webhook-gateway/shared/domain/database-size.ts";
import {
  deleteValidations,
  loadOldValidations,
  type Place,
} from "@webhook-gateway/shared/store/maintain/old-validations.ts";
import { CHUNK, deleteChunk, type Horizons } from "@webhook-gateway/shared/store/maintain/retention.ts";
import {
  type Horizon,
  loadRetentionState,
  type RetentionState,
  type Shortened,
} from "@webhook-gateway/shared/store/maintain/retention-state.ts";
import {
  RETENTION_DUE,
  RETENTION_EARLY,
  RETENTION_HORIZON,
  RETENTION_SHORTENED,
  setting,
} from "@webhook-gateway/shared/store/settings.ts";
import { isFull } from "@webhook-gateway/shared/store/unavailable.ts";
import { commit } from "@webhook-gateway/shared/store/write/commit.ts";
import type { Log } from "@webhook-gateway/shared/telemetry/log.ts";
import { isoTime } from "@webhook-gateway/shared/text/iso-time.ts";
import { hasRoom } from "../effects/queries.ts";
import { archiveEarly } from "./archive-early.ts";
import { ARCHIVED_AT_ONCE, archiveValidations, deleteContained, fittingOf } from "./archive-old.ts";
import { daysAt, nextShare, type RetentionDays } from "./shortening.ts";

export interface RetentionDeps {
  readonly db: D1Database;
  /** Without one, what is old is deleted. */
  readonly archive?: Archive | undefined;
  readonly log: Log;
  readonly now: () => Date;
  /** Default: a timer. */
  readonly wait?: (ms: number) => Promise<void>;
  readonly config: RetentionDays;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** More than a year, so that a yearly review sees all of it. */
const ACTIONS_MS = 400 * DAY_MS;
/** Longer than a callback can be in the queues: hours in the first, 14 days in the dead-letter queue. */
const STRAY_RESULTS_MS = 15 * DAY_MS;
/** Results are looked at mostly on the day of their run. */
const EARLY_MS = DAY_MS;
/** Chunks of one invocation, of 18 statements each. A backlog takes several minutes. */
const MAX_CHUNKS = 25;
/** The next cron goes on with it. */
const MAX_MS = 50_000;

/** Whether old rows are to be deleted now: once an hour, and every minute while the database is too full. */
export async function isRetentionDue({ db, now }: Pick<RetentionDeps, "db" | "now">): Promise<boolean> {
  const { dueAt, bytes } = await loadRetentionState(db);
  return dueAt <= now().toISOString() || fullPercent(bytes) > SHORTENED_PERCENT;
}

/** Deletes what is old. */
export async function expireOld(deps: RetentionDeps): Promise<void> {
  const { config, log, wait = timer } = deps;
  const nowMs = deps.now().getTime();
  const before = await loadRetentionState(deps.db);
  const progress: Progress = {
    ...{ chunks: 0, archived: 0, early: 0, more: true, failed: false, busyMs: 0 },
    reached: before.early,
  };
  const isOver = () =>
    progress.failed ||
    progress.chunks === MAX_CHUNKS ||
    deps.now().getTime() - nowMs >= MAX_MS ||
    !hasRoom(deps.db, "retention");
  const reportsBefore = isoTime(nowMs - config.validationsDays * DAY_MS);
  let share = before.shortened?.share ?? 1;
  let horizons = horizonsAt(daysAt(config, share), nowMs);
  // Stored first, so that missing rows are explained at any instant.
  await storeHorizon(deps, before, horizons);
  while (!isOver()) {
    const bytes = await deleteSome(deps, { ...horizons, reportsBefore }, progress);
    if (!progress.more && archivesEarly(bytes)) await archiveNext(deps, progress, nowMs);
    if (progress.more) {
      // D1 does one thing at a time: half of it is left to live work.
      await wait(progress.busyMs);
      continue;
    }
    const last = share;
    share = nextShare(config, share, bytes);
    if (share >= last) break;
    progress.more = true;
    horizons = horizonsAt(daysAt(config, share), nowMs);
    await storeHorizon(deps, before, horizons);
  }
  const { chunks, archived, early, more } = progress;
  if (progress.reached !== before.early) await store(deps, [setting(RETENTION_EARLY, progress.reached)]);
  await storeOutcome(deps, before, share, isoTime(more ? nowMs : nowMs + HOUR_MS));
  const counts = { ...(deps.archive === undefined ? {} : { archived }), ...(early === 0 ? {} : { early }) };
  log.info("retention.done", { chunks, more, ...counts });
}

/** Archives the next of what is a day old, and keeps a digest of its results. */
async function archiveNext(deps: RetentionDeps, progress: Progress, nowMs: number): Promise<void> {
  const { archive } = deps;
  if (archive === undefined) return;
  const step = await archiveEarly({ ...deps, archive }, progress.reached, isoTime(nowMs - EARLY_MS));
  progress.early += step.moved;
  progress.failed = step.failed;
  progress.reached = step.reached;
  progress.more = step.more;
}

/** What one run has done so far. */
interface Progress {
  chunks: number;
  archived: number;
  /** Those of which D1 keeps a digest. */
  early: number;
  /** How far they go. */
  reached: Place;
  /** There may be more to delete. */
  more: boolean;
  /** The archive could not take them all. */
  failed: boolean;
  /** How long D1 took for the last chunk. */
  busyMs: number;
}

/** Deletes a chunk of every kind. @returns the size of the database, once nothing is left */
async function deleteSome(
  deps: RetentionDeps,
  horizons: Horizons & { readonly reportsBefore: string },
  progress: Progress,
): Promise<number> {
  const { db, archive } = deps;
  progress.chunks++;
  const limit = archive === undefined ? CHUNK : ARCHIVED_AT_ONCE;
  const old = await loadOldValidations(db, horizons, limit);
  const found = archive === undefined ? old : fittingOf(old);
  const { written, contained, failed } =
    archive === undefined
      ? { written: found, contained: [], failed: false }
      : await archiveValidations({ ...deps, archive }, found);
  if (archive !== undefined) progress.archived += written.length;
  progress.failed = failed;
  const begunMs = deps.now().getTime();
  const busy = () => deps.now().getTime() - begunMs;
  const deleted = await deleteValidations(db, written, horizons.deliveriesBefore);
  progress.busyMs = busy();
  // If one has changed meanwhile, it stays, and so do the results that it names.
  if (archive !== undefined && deleted === written.length)
    await deleteContained({ ...deps, archive }, contained);
  const waiting = deleted < old.length || old.length === limit;
  // Deliveries are archived with their validations, and wait for them.
  if (archive !== undefined && (waiting || progress.failed)) return 0;
  const { most, bytes } = await deleteChunk(db, horizons);
  progress.busyMs = busy();
  progress.more = waiting || most >= CHUNK;
  return bytes;
}

function horizonsAt({ deliveriesDays, validationsDays }: RetentionDays, nowMs: number): Horizons {
  return {
    deliveriesBefore: isoTime(nowMs - deliveriesDays * DAY_MS),
    validationsBefore: isoTime(nowMs - validationsDays * DAY_MS),
    actionsBefore: isoTime(nowMs - ACTIONS_MS),
    strayResultsBefore: isoTime(nowMs - STRAY_RESULTS_MS),
  };
}

async function storeHorizon(
  deps: RetentionDeps,
  before: RetentionState,
  { deliveriesBefore, validationsBefore }: Horizons,
): Promise<void> {
  const horizon: Horizon = {
    deliveries_before: later(before.horizon.deliveries_before, deliveriesBefore),
    validations_before: later(before.horizon.validations_before, validationsBefore),
  };
  await store(deps, [setting(RETENTION_HORIZON, horizon)]);
}

/** Stores when the next run is due, and for how long rows are kept if that has changed. */
async function storeOutcome(
  deps: RetentionDeps,
  before: RetentionState,
  share: number,
  dueAt: string,
): Promise<void> {
  const due = setting(RETENTION_DUE, dueAt);
  if (share === (before.shortened?.share ?? 1)) return store(deps, [due]);
  const { deliveriesDays: deliveries_days, validationsDays: validations_days } = daysAt(deps.config, share);
  const since = before.shortened?.since ?? deps.now().toISOString();
  const shortened: Shortened = { share, since, deliveries_days, validations_days };
  await store(deps, [due, setting(RETENTION_SHORTENED, share < 1 ? shortened : null)]);
  deps.log.warn("retention.shortened", {
    deliveries_days,
    validations_days,
    size: databaseSizeText(before.bytes),
  });
}

/** A full database takes no settings, but deletions: what is to be explained is explained once there is room. */
async function store({ db, log, now }: RetentionDeps, settings: ReturnType<typeof setting>[]): Promise<void> {
  try {
    await commit(db, now().toISOString(), settings);
  } catch (thrown) {
    if (!isFull(thrown)) throw thrown;
    log.error("retention.database-full", { settings: settings.length });
  }
}

const timer = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const later = (a: string, b: string): string => (a > b ? a : b);
