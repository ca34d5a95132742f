/** Handles each queue's batches and the cron. */

import {
  DEAD_LETTER_BACKOFF,
  EFFECT_BACKOFF,
  RECORD_BACKOFF,
} from "@webhook-gateway/shared/domain/backoff.ts";
import { hooksOf } from "@webhook-gateway/shared/github/hook.ts";
import { kindOf, REQUEST, RETENTION, WAKE_UP } from "@webhook-gateway/shared/messages/wake-up.ts";
import { createRoutingPolicy } from "@webhook-gateway/shared/routing/routing-policy.ts";
import { type Due, loadDue } from "@webhook-gateway/shared/store/claim/due.ts";
import { hasEvents } from "@webhook-gateway/shared/store/claim/events.ts";
import { hasTraces } from "@webhook-gateway/shared/store/claim/traces.ts";
import type { Moved } from "@webhook-gateway/shared/store/maintain/move.ts";
import { errorText } from "@webhook-gateway/shared/telemetry/log.ts";
import { within } from "@webhook-gateway/shared/time/within.ts";
import {
  alertDeps,
  type ConsumerDeps,
  deliveryPolicy,
  effectDeps,
  eventDeps,
  reportDeps,
  retentionDeps,
  traceDeps,
  watchDeps,
} from "./deps.ts";
import { cancelDue } from "./dispatch/cancel.ts";
import { dispatchDue, NOTHING_DISPATCHED } from "./dispatch/dispatch.ts";
import { watchHealth } from "./dispatch/health.ts";
import { watchStale } from "./dispatch/watchdog.ts";
import { flushCalls } from "./effects/call-counts.ts";
import { withinShares } from "./effects/connections.ts";
import { sendEventsDue } from "./events/send-events.ts";
import { askApprovalsDue } from "./github/approval.ts";
import { raiseAlerts } from "./maintain/alerts.ts";
import { beat } from "./maintain/heartbeat.ts";
import { moveRows } from "./maintain/move.ts";
import { expireOld, isRetentionDue } from "./maintain/retention.ts";
import { recordDeadLetters } from "./record/dead-letters.ts";
import { type RecordDeps, recordBatch } from "./record/record.ts";
import { settle, settleAll } from "./record/settle.ts";
import { auditOnSchedule, auditRequested } from "./recover/audit/audit-schedule.ts";
import { auditScope } from "./recover/audit/scope.ts";
import { runBulkCommands } from "./recover/bulk.ts";
import type { ReconcileDeps } from "./recover/reconcile.ts";
import { reconcileAsked, reconcileNew } from "./recover/reconcile-schedule.ts";
import { replayDue } from "./recover/replay.ts";
import { reactDue } from "./report/reaction.ts";
import { reportDue } from "./report/report.ts";
import { exportTraces } from "./traces/export.ts";

/** A wake-up can be delayed by at most this many seconds. The cron does what is due later. */
const MAX_WAKE_DELAY_SECONDS = 600;

/**
 * The deadline of one activity of the cron: longer than an effect takes whose last round takes as long as its lease.
 * The invocation has 15 min (https://developers.cloudflare.com/workers/platform/limits/#duration).
 */
const ACTIVITY_MS = 13 * 60_000;

/** Wires the consumer of one invocation. */
export function createConsumer(given: ConsumerDeps) {
  const { config } = given;
  const emits = {
    events: config.EVENTS_SINK_URL !== undefined,
    traces: config.OTLP_ENDPOINT !== undefined,
  };
  const deps = { ...withinShares(given), emits };
  const { db, log } = deps;
  const policy = deliveryPolicy(deps);
  const effects = effectDeps(deps);
  const reports = reportDeps(deps);
  const watch = watchDeps(effects, config);
  const retention = retentionDeps(deps);
  const alerts = alertDeps(deps);
  const hooks = hooksOf(config.RECONCILE_HOOKS, reports.github.mode);
  const recording: RecordDeps = { db, policy, log, now: deps.now, emits };
  const events = eventDeps(deps, deps.sinkFetch);
  const traces = traceDeps(deps, deps.sinkFetch);
  const routing = createRoutingPolicy(config);
  const recovery: ReconcileDeps = { ...reports, record: recording, routing };
  const audited = auditScope(config.AUDIT_REPOSITORIES, reports.github.mode, routing);

  /** Losing a wake-up costs a minute, never work: the cron does the same. */
  async function wake(times: readonly string[], message = WAKE_UP): Promise<void> {
    const nowMs = deps.now().getTime();
    const delays = times.map((at) => Math.ceil((Date.parse(at) - nowMs) / 1000));
    const delaysSeconds = new Set(delays.map((s) => Math.min(Math.max(s, 0), MAX_WAKE_DELAY_SECONDS)));
    try {
      for (const delaySeconds of delaysSeconds) await deps.work.send(message, { delaySeconds });
    } catch (thrown) {
      log.warn("wake-up.lost", { error: errorText(thrown) });
    }
  }

  const moving = new Map<Moved, Promise<boolean>>();
  /** Moves rows into the tables of this version. @returns whether all are there: until then, no fact is decided */
  const ensureMoved = (what: Moved = "everything"): Promise<boolean> => {
    const moved = moving.get(what) ?? moveRows(deps, given.db, what);
    moving.set(what, moved);
    return moved;
  };

  const wakeNow = (message = WAKE_UP) => wake([deps.now().toISOString()], message);

  const report = (known?: Due) => reportDue(reports, known).then((wakeAt) => wake(wakeAt));

  let sending: Promise<unknown> = Promise.resolve();

  /** Sends events and then traces, after those that are being sent. */
  function sendEvents(): Promise<void> {
    const sent = sending.then(async () => {
      if (!(await ensureMoved())) return;
      if (events !== undefined) await wake(await sendEventsDue(events));
      if (traces !== undefined) await exportTraces(traces);
    });
    sending = sent.catch(() => {});
    return sent;
  }

  /** Leaves events to an invocation that sends no alerts. */
  async function wakeForEvents(): Promise<void> {
    if ((emits.events && (await hasEvents(db))) || (emits.traces && (await hasTraces(db)))) await wakeNow();
  }

  /** What Grainchain has taken is to be reported, after what was due before. */
  async function dispatchAndReport(emit: () => Promise<void>, due: Promise<Due>): Promise<void> {
    const reported = due.then(report);
    const dispatching = due.then(({ dispatch }) => (dispatch ? dispatchDue(effects) : NOTHING_DISPATCHED));
    const [dispatched] = await Promise.allSettled([dispatching, reported]);
    if (dispatched.status === "rejected") throw dispatched.reason;
    await wake(dispatched.value.wakeAt);
    await Promise.all(dispatched.value.dispatched > 0 ? [reported.then(() => report()), emit()] : [reported]);
  }

  /** What is approved is to be dispatched, and reported. */
  async function approve(): Promise<void> {
    if (!(await ensureMoved())) return;
    const { wakeAt, changed } = await askApprovalsDue({ ...reports, policy, permissions: deps.permissions });
    await wake(changed ? [deps.now().toISOString(), ...wakeAt] : wakeAt);
  }

  /**
   * Performs every effect that is due. One that fails does not stop the others.
   * @param emit sends events, or has them sent
   * @returns whether all succeeded
   */
  async function performEffects(emit: () => Promise<void>): Promise<boolean> {
    if (!(await ensureMoved("live work"))) return false;
    const due = loadDue(db, deps.now().toISOString());
    const ifDue = async (effect: keyof Due, perform: () => Promise<void>) => {
      if ((await due)[effect]) await perform();
    };
    const performed = await Promise.allSettled([
      emit(),
      dispatchAndReport(emit, due),
      ifDue("cancel", () => cancelDue(effects).then((wakeAt) => wake(wakeAt))),
      ifDue("reaction", () => reactDue(reports).then((wakeAt) => wake(wakeAt))),
      ifDue("approval", approve),
    ]);
    const failed = performed.filter((one) => one.status === "rejected");
    for (const { reason } of failed) log.error("effect.failed", { error: errorText(reason) });
    return failed.length === 0;
  }

  /** Has old rows deleted by an invocation of its own, which has connections for the archive. */
  async function askForRetention(): Promise<void> {
    const isFirst = !deps.isolate.hasExpired;
    if (!isFirst && !(await isRetentionDue(retention))) return;
    await deps.work.send(RETENTION);
    deps.isolate.hasExpired = true;
  }

  /** Performs the requests of operators. The cron tries again what fails. */
  async function performRequests(): Promise<void> {
    if (!(await ensureMoved())) return;
    for (const [name, stepDue] of [
      ["replay", replayDue],
      ["bulk", runBulkCommands],
    ] as const) {
      await attempt(name, async () => {
        const { changed, nextAt } = await stepDue(recording);
        if (nextAt !== null) await wake([nextAt], REQUEST);
        return changed;
      });
    }
    await attempt("reconcile", () => reconcileAsked(recovery, hooks));
    await attempt("audit", () => auditRequested(recovery, audited));
  }

  /** An error does not stop what follows. */
  async function attempt(name: string, perform: () => Promise<boolean>): Promise<void> {
    try {
      if (await perform()) await wakeNow();
    } catch (thrown) {
      log.error(`${name}.failed`, { error: errorText(thrown) });
    }
  }

  return {
    async events(batch: MessageBatch<unknown>): Promise<void> {
      if (!(await ensureMoved())) return settleAll(batch, "retry", RECORD_BACKOFF);
      const { verdicts, changed, requested } = await recordBatch(recording, batch.messages);
      if (changed) await wakeNow();
      if (requested) await wakeNow(REQUEST);
      settle(batch, verdicts, RECORD_BACKOFF);
    },
    async work(batch: MessageBatch<unknown>): Promise<void> {
      const kinds = new Set(batch.messages.map(({ body }) => kindOf(body)));
      if (kinds.has("request")) await performRequests();
      const onlyExpires = kinds.size === 1 && kinds.has("retention");
      const verdict = onlyExpires || (await performEffects(sendEvents)) ? "ack" : "retry";
      // Last, because there is no connection for the archive before. The cron asks again for what fails.
      if (kinds.has("retention")) await attempt("retention", () => expireOld(retention).then(() => false));
      settleAll(batch, verdict, EFFECT_BACKOFF);
      await flushCalls(deps.calls, deps, false);
    },
    async deadLetters(batch: MessageBatch<unknown>): Promise<void> {
      if (!(await ensureMoved())) return settleAll(batch, "retry", DEAD_LETTER_BACKOFF);
      settle(batch, await recordDeadLetters({ db, log, now: deps.now }, batch.messages), DEAD_LETTER_BACKOFF);
    },
    /** Every activity starts, whatever happens to the others. Alerts come first: they report what hangs below. */
    async cron(): Promise<void> {
      const activity = (name: string, perform: () => Promise<unknown>) =>
        attempt(name, () => within(ACTIVITY_MS, perform).then(() => false));
      await Promise.all([
        activity("heartbeat", () => beat({ ...deps, db: deps.watchDb })),
        activity("alerts", () => raiseAlerts(alerts)),
        activity("effects", () => performEffects(wakeForEvents)),
        activity("health", () => attempt("health", () => watchHealth(effects))),
        activity("watchdog", () =>
          attempt("watchdog", async () => (await ensureMoved("live work")) && watchStale(watch)),
        ),
        activity("recovery", async () => {
          if (!(await ensureMoved())) return;
          await performRequests();
          await attempt("reconcile", () => reconcileNew(recovery, hooks));
        }),
        activity("audit", () => attempt("audit", () => auditOnSchedule(recovery, audited))),
        activity("retention", askForRetention),
      ]);
      await flushCalls(deps.calls, deps, true);
    },
  };
}
