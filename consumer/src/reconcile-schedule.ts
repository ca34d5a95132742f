/** When deliveries are looked for: every five minutes for what is new, and whenever an operator asks. */

import { errorText } from "@webhook-gateway/shared/log.ts";
import { commit } from "@webhook-gateway/shared/store/commit.ts";
import { claimProgress, type HookProgress, RECONCILE } from "@webhook-gateway/shared/store/hook-progress.ts";
import {
  claimReconcile,
  insertFoundReconcile,
  NO_COUNTS,
  type ReconcileCounts,
  settleReconcile,
} from "@webhook-gateway/shared/store/reconciles.ts";
import { noChanges } from "@webhook-gateway/shared/store/rows.ts";
import type { Hook } from "./hook.ts";
import { addCounts, type ReconcileDeps, scanHook } from "./reconcile.ts";

/** GitHub keeps deliveries for 3 days; older ones are not asked for, so that none ends in the middle of a scan. */
const LOOK_BACK_MS = 70 * 3_600_000;
/** What was delivered less than this ago may still be on its way through the queue. */
const GRACE_MS = 2 * 60_000;
const EVERY_MS = 5 * 60_000;
/** Longer than a scan of {@link MAX_PAGES} takes. */
const LEASE_MS = 10 * 60_000;
/** Pages of 100 in one scan: a quarter of the requests that GitHub allows in an hour, over the scans of an hour. */
const MAX_PAGES = 20;
/** An operator's search is not left half done. */
const MAX_ASKED_PAGES = 1000;

/** Goes on with the scans of every hook that is due. @returns whether anything was recorded */
export async function reconcileNew(deps: ReconcileDeps, hooks: readonly Hook[]): Promise<boolean> {
  let changed = false;
  for (const hook of hooks) {
    const now = deps.now();
    const progress = await claimProgress(
      deps.db,
      hook.name,
      iso(now.getTime()),
      iso(now.getTime() + LEASE_MS),
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
  readonly error: string | null;
}

/** Failures first: they are few, and what they lack is certain. */
async function goOn(deps: ReconcileDeps, hook: Hook, progress: HookProgress, nowMs: number): Promise<Found> {
  let next = progress;
  let counts = NO_COUNTS;
  const seen = new Set<string>();
  try {
    for (const kind of ["failed", "all"] as const) {
      const { until, scan } = next[kind];
      const to = scan?.to ?? iso(nowMs - GRACE_MS);
      const from = later(until, iso(nowMs - LOOK_BACK_MS));
      const failed = kind === "failed";
      const cursor = scan?.cursor ?? null;
      const scanned = await scanHook(
        deps,
        hook,
        { failed, from, to, cursor },
        { dryRun: false, maxPages: MAX_PAGES, seen },
      );
      counts = addCounts(counts, scanned.counts);
      const reached =
        scanned.next === null ? { until: to, scan: null } : { until, scan: { to, cursor: scanned.next } };
      next = { ...next, [kind]: reached };
    }
    return { progress: next, counts, error: null };
  } catch (thrown) {
    deps.log.warn("reconcile.failed", { hook: hook.name, error: errorText(thrown) });
    return { progress: next, counts, error: errorText(thrown) };
  }
}

/** What lies behind is not looked at again; what is left of a scan is gone on with at the next minute. */
async function keep(deps: ReconcileDeps, hook: Hook, { progress, counts, error }: Found): Promise<void> {
  const nowMs = deps.now().getTime();
  const now = iso(nowMs);
  const unfinished = progress.failed.scan !== null || progress.all.scan !== null;
  const value = {
    ...progress,
    due_at: unfinished && error === null ? now : iso(nowMs + EVERY_MS),
    checked_at: now,
    error,
  };
  const settings = [{ name: `${RECONCILE}${hook.name}`, value }];
  await commit(deps.db, { ...noChanges(now), settings });
  deps.log.info("reconcile.hook", { hook: hook.name, ...counts, unfinished });
  if (counts.missing > 0) await insertFoundReconcile(deps.db, deps.newId(), counts, error, now);
}

/** Performs the searches that operators asked for. @returns whether anything was recorded */
export async function reconcileAsked(deps: ReconcileDeps, hooks: readonly Hook[]): Promise<boolean> {
  let changed = false;
  for (;;) {
    const nowMs = deps.now().getTime();
    const asked = await claimReconcile(deps.db, iso(nowMs), iso(nowMs + LEASE_MS));
    if (asked === undefined) return changed;
    let counts = NO_COUNTS;
    let error: string | null = hooks.length === 0 ? "no hook is configured: RECONCILE_HOOKS" : null;
    for (const hook of hooks) {
      const scan = {
        failed: false,
        from: later(asked.since ?? "", iso(nowMs - LOOK_BACK_MS)),
        to: iso(nowMs),
        cursor: null,
      };
      try {
        const options = { dryRun: asked.dry_run, maxPages: MAX_ASKED_PAGES, seen: new Set<string>() };
        counts = addCounts(counts, (await scanHook(deps, hook, scan, options)).counts);
      } catch (thrown) {
        error = `${hook.name}: ${errorText(thrown)}`;
      }
    }
    changed ||= counts.recovered > 0;
    const status = error === null ? "done" : "failed";
    await settleReconcile(deps.db, asked.id, status, counts, error, deps.now().toISOString());
    deps.log.info("reconcile.asked", { reconcile_id: asked.id, status, ...counts });
  }
}

const later = (a: string, b: string): string => (a > b ? a : b);

const iso = (ms: number): string => new Date(ms).toISOString();
