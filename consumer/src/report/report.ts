/** Posts reports to GitHub. */
import { type Gate, nextGate } from "@webhook-gateway/shared/domain/gate.ts";
import { isFinal } from "@webhook-gateway/shared/domain/validation.ts";
import type { Due } from "@webhook-gateway/shared/store/claim/due.ts";
import { claimReports, skipReports } from "@webhook-gateway/shared/store/claim/reports.ts";
import { type Count, counted, observed } from "@webhook-gateway/shared/store/metrics.ts";
import { GITHUB_GATE, movedGate } from "@webhook-gateway/shared/store/settings.ts";
import { commit } from "@webhook-gateway/shared/store/write/commit.ts";
import type { Mutation } from "@webhook-gateway/shared/store/write/mutation.ts";
import { tally } from "@webhook-gateway/shared/telemetry/tally.ts";
import { isoTime } from "@webhook-gateway/shared/text/iso-time.ts";
import { runEffect, type Settled, wakeTimes } from "../effects/run-effect.ts";
import { limitsOf } from "../github/limit.ts";
import { SENDING_LEASE_MS } from "../github/send.ts";
import { attemptedOf, callOutcomeOf, settleReport } from "./outcome.ts";
import { type ReportSendDeps, type Result, type SentReport, sendReports } from "./send.ts";

export interface ReportDeps extends ReportSendDeps {
  readonly random: () => number;
}

/** Reports in one claim: their digests of results are in memory together, at most 800 KB each. */
const BATCH_SIZE = 15;
/** Claims in one invocation. */
const MAX_ROUNDS = 20;
/** Reports settled by one statement if they are not posted. */
const SKIP_BATCH = 500;

/**
 * Posts the reports that are due.
 * @param known what is due, if that is known
 * @returns when to look again, sooner than the cron would
 */
export async function reportDue(deps: ReportDeps, known?: Due): Promise<readonly string[]> {
  const { mode } = deps.github;
  if (mode === "none") {
    const skipped = await skipReports(deps.db, "no GitHub credentials are configured", SKIP_BATCH);
    if (skipped > 0) deps.log.info("report.skipped", { reports: skipped });
    return [];
  }
  let first = known;
  const { wakeAt } = await runEffect(deps, {
    name: "report",
    leaseMs: SENDING_LEASE_MS,
    batchSize: BATCH_SIZE,
    maxRounds: MAX_ROUNDS,
    async claim(lease) {
      const { reports: items, gate } = await claimReports(deps.db, mode, lease, first);
      first = undefined;
      return { items, gate };
    },
    perform: ({ items }) => sendReports(deps, items, mode),
    settle: ({ gate }, sent, { leaseId }) => settle(deps, gate, sent, leaseId),
  });
  return wakeAt;
}

async function settle(
  deps: ReportDeps,
  gate: Gate,
  sent: readonly SentReport[],
  lease_id: string,
): Promise<Settled> {
  const nowMs = deps.now().getTime();
  const settled = sent.map((one) => settleReport(one, lease_id, nowMs, deps.random()));
  const next = nextGate(gate, callOutcomeOf(sent), nowMs);
  const limits = limitsOf(attemptedOf(sent));
  const metrics = sent.flatMap((one) => metricsOf(one, isoTime(nowMs)));
  await commit(deps.db, isoTime(nowMs), [
    ...settled.flatMap(({ outcome, deadLetter }): Mutation[] => [
      { kind: "reportOutcome", row: outcome },
      ...(deadLetter === undefined ? [] : [{ kind: "deadLetter", row: deadLetter } as const]),
    ]),
    ...limits.map((row): Mutation => ({ kind: "limit", row })),
    ...metrics.map((row): Mutation => ({ kind: "metric", row })),
    ...movedGate(GITHUB_GATE, gate, next),
  ]);
  const outcomes = settled.map(({ outcome }) => outcome);
  return {
    lines: sent.map(({ report: { validation_id, state }, result }) => ({
      fields: { validation_id, state, class: classOf(result), lease_id },
      failed: "error" in result,
    })),
    batch: { lease_id, claimed: sent.length, ...tally(sent.map(({ result }) => classOf(result))) },
    wakeAt: wakeTimes(outcomes, nowMs, limits, next),
    more: true,
  };
}

/** What a report counts for, and of a final state how long GitHub had to wait for it. */
function metricsOf({ report: { state, wanted_at }, result }: SentReport, now: string): Count[] {
  const posted = "class" in result && result.class === "posted";
  return [
    counted("reports", classOf(result)),
    ...(posted && isFinal(state) ? observed("report", wanted_at, now) : []),
  ];
}

const classOf = (result: Result): string => ("class" in result ? result.class : "refused");
