/** When deliveries are searched for: new ones every five minutes, and all when an operator asks. */

import type { Hook } from "@webhook-gateway/shared/github/hook.ts";
import {
  claimHookProgress,
  type HookProgress,
  RECONCILE,
} from "@webhook-gateway/shared/store/claim/progress.ts";
import {
  type ClaimedReconcile,
  claimReconcile,
  insertFoundReconcile,
  NO_COUNTS,
  type Position,
  type ReconcileCounts,
  settleReconcile,
} from "@webhook-gateway/shared/store/maintain/reconciles.ts";
import { setting } from "@webhook-gateway/shared/store/settings.ts";
import { commit } from "@webhook-gateway/shared/store/write/commit.ts";
import { errorText } from "@webhook-gateway/shared/telemetry/log.ts";
import { isoTime } from "@webhook-gateway/shared/text/iso-time.ts";
import { hasRoom } from "../effects/queries.ts";
import { GitHubError, limitedUntil } from "../github/ask.ts";
import { addCounts, type ReconcileDeps, type Scanned, scanHook } from "./reconcile.ts";

/** GitHub keeps deliveries for 3 days. Older ones are left out, so that none expires in the middle of a scan. */
const LOOK_BACK_MS = 70 * 3_600_000;
/** A delivery younger than this may still be in the queue. */
const GRACE_MS = 2 * 60_000;
const EVERY_MS = 5 * 60_000;
/** Longer than a scan of {@link MAX_PAGES} takes. */
const LEASE_MS = 10 * 60_000;
/** Pages of 100 in one scan: a quarter of the requests that GitHub allows in an hour, over the scans of an hour. */
const MAX_PAGES = 20;
/** Of an operator's search, in one invocation. */
const MAX_ASKED_PAGES = 1000;

/** Continues the scans of every hook that is due. @returns whether anything was recorded */
export async function reconcileNew(deps: ReconcileDeps, hooks: readonly Hook[]): Promise<boolean> {
  let changed = false;
  for (const hook of hooks) {
    if (!hasRoom(deps.db, "recovery")) break;
    const now = deps.now();
    const progress = await claimHookProgress(
      deps.db,
      hook.name,
      isoTime(now.getTime()),
      isoTime(now.getTime() + LEASE_MS),
    );
    if (progress === undefined) continue;
    const found = await goOn(deps, hook, progress, now.getTime());
    changed ||= found.counts.recovered > 0;
    await keep(deps, hook, found);
  }
  return changed;
}

interface Found {
  readonly progress: HookProgress;
  readonly counts: ReconcileCounts;
  /** What ended it early; undefined if nothing did. */
  readonly thrown: unknown;
}

/** Failures first: they are few, and certainly missing. */
async function goOn(deps: ReconcileDeps, hook: Hook, progress: HookProgress, nowMs: number): Promise<Found> {
  let next = progress;
  let counts = NO_COUNTS;
  const seen = new Set<string>();
  for (const kind of ["failed", "all"] as const) {
    const { until, scan } = next[kind];
    const to = scan?.to ?? isoTime(nowMs - GRACE_MS);
    const from = later(until, isoTime(nowMs - LOOK_BACK_MS));
    const part = { failed: kind === "failed", from, to, cursor: scan?.cursor ?? null };
    const scanned = await scanHook(deps, hook, part, { dryRun: false, maxPages: MAX_PAGES, seen });
    counts = addCounts(counts, scanned.counts);
    next = {
      ...next,
      [kind]: scanned.ended ? { until: to, scan: null } : { until, scan: leftOf(scanned, to) },
    };
    if (scanned.thrown !== undefined) return { progress: next, counts, thrown: scanned.thrown };
  }
  return { progress: next, counts, thrown: undefined };
}

/** Where a scan continues. If GitHub no longer takes the cursor, the scan starts over. */
function leftOf({ next, thrown }: Scanned, to: string): HookProgress["all"]["scan"] {
  if (thrown === undefined) return { to, cursor: next };
  const name = thrown instanceof GitHubError ? thrown.failure.class : undefined;
  return next === null || name === "permanent" || name === "missing" ? null : { to, cursor: next };
}

/** Stores the progress. A scan that is not finished continues at the next minute. */
async function keep(deps: ReconcileDeps, hook: Hook, { progress, counts, thrown }: Found): Promise<void> {
  const nowMs = deps.now().getTime();
  const now = isoTime(nowMs);
  const error = thrown === undefined ? null : errorText(thrown);
  const unfinished = progress.failed.scan !== null || progress.all.scan !== null;
  const due_at = thrown === undefined && unfinished ? now : isoTime(limitedUntil(thrown) ?? nowMs + EVERY_MS);
  const value = { ...progress, due_at, checked_at: now, error };
  await commit(deps.db, now, [setting(`${RECONCILE}${hook.name}`, value)]);
  if (error !== null) deps.log.warn("reconcile.failed", { hook: hook.name, error });
  deps.log.info("reconcile.hook", { hook: hook.name, ...counts, unfinished });
  if (counts.missing > 0) await insertFoundReconcile(deps.db, deps.newId(), counts, error, now);
}

/** Performs the searches that operators asked for. @returns whether anything was recorded */
export async function reconcileAsked(deps: ReconcileDeps, hooks: readonly Hook[]): Promise<boolean> {
  let changed = false;
  while (hasRoom(deps.db, "recovery")) {
    const nowMs = deps.now().getTime();
    const asked = await claimReconcile(deps.db, isoTime(nowMs), isoTime(nowMs + LEASE_MS));
    if (asked === undefined) break;
    const found = await search(deps, hooks, asked, nowMs);
    changed ||= found.counts.recovered > 0;
    await settleAsked(deps, asked, found);
  }
  return changed;
}

interface Searched {
  readonly counts: ReconcileCounts;
  readonly error: string | null;
  /** It goes over the same again once a limit is over. */
  readonly limitedUntilMs?: number | undefined;
  /** It goes on there. */
  readonly position?: Position;
}

async function settleAsked(
  { db, log, now }: ReconcileDeps,
  { id, dry_run, position: from }: ClaimedReconcile,
  { counts, error, limitedUntilMs, position }: Searched,
): Promise<void> {
  const endMs = now().getTime();
  if (limitedUntilMs === undefined && position === undefined) {
    const status = error === null ? "done" : "failed";
    await settleReconcile(db, id, counts, { status, error, position: null, until: null }, isoTime(endMs));
    log.info("reconcile.asked", { reconcile_id: id, status, ...counts });
    return;
  }
  const until = isoTime(limitedUntilMs ?? endMs);
  // The same deliveries are listed again after a limit, and, if nothing is recorded, found again.
  const again = dry_run ? NO_COUNTS : { ...counts, listed: 0 };
  const end = { status: "running", error, position: position ?? from, until } as const;
  await settleReconcile(db, id, position === undefined ? again : counts, end, isoTime(endMs));
  log.info("reconcile.interrupted", { reconcile_id: id, until, ...counts });
}

/** Searches the hooks one after the other, as far as one invocation gets. */
async function search(
  deps: ReconcileDeps,
  hooks: readonly Hook[],
  asked: ClaimedReconcile,
  nowMs: number,
): Promise<Searched> {
  let counts = NO_COUNTS;
  let error = hooks.length === 0 ? "no hook is configured: RECONCILE_HOOKS" : (asked.position?.error ?? null);
  let limitedUntilMs: number | undefined;
  const begin = hooks.findIndex(({ name }) => name === asked.position?.hook);
  for (const [index, hook] of hooks.slice(Math.max(begin, 0)).entries()) {
    const from = later(asked.since ?? "", isoTime(nowMs - LOOK_BACK_MS));
    const cursor = index === 0 && begin >= 0 ? (asked.position?.cursor ?? null) : null;
    const scan = { failed: false, from, to: isoTime(nowMs), cursor };
    const options = { dryRun: asked.dry_run, maxPages: MAX_ASKED_PAGES, seen: new Set<string>() };
    const scanned = await scanHook(deps, hook, scan, options);
    counts = addCounts(counts, scanned.counts);
    if (scanned.thrown !== undefined) error = `${hook.name}: ${errorText(scanned.thrown)}`;
    limitedUntilMs = limitedUntil(scanned.thrown) ?? limitedUntilMs;
    const isLeft = scanned.thrown === undefined && !scanned.ended;
    if (isLeft && limitedUntilMs === undefined) {
      return { counts, error, position: { hook: hook.name, cursor: scanned.next, error } };
    }
    if (isLeft) break;
  }
  return { counts, error, limitedUntilMs };
}

const later = (a: string, b: string): string => (a > b ? a : b);
