/** Reports to GitHub: an effect like any other, claimed, posted within GitHub's budgets, and tried again. */
import { nextGate } from "@webhook-gateway/shared/domain/gate.ts";
import { GITHUB_TIMEOUT_MS } from "@webhook-gateway/shared/github/client.ts";
import { claimReports, putOffReports, skipReports } from "@webhook-gateway/shared/store/claim/reports.ts";
import { noChanges } from "@webhook-gateway/shared/store/rows.ts";
import { GITHUB_GATE } from "@webhook-gateway/shared/store/settings.ts";
import { commit } from "@webhook-gateway/shared/store/write/commit.ts";
import { tally } from "@webhook-gateway/shared/telemetry/tally.ts";
import { effectLines, type SayEffect } from "../effects/effect-log.ts";
import { findingsOf, putOffsOf, settleReport } from "./outcome.ts";
import { type ReportSendDeps, type Result, sendReports } from "./send.ts";

export interface ReportDeps extends ReportSendDeps {
  readonly random: () => number;
}

/** Reports in one claim: their digests of results are in memory together, at most 800 KB each. */
const BATCH_SIZE = 25;
/** Claims in one invocation. */
const MAX_ROUNDS = 20;
/** Longer than a batch takes whose every request is answered in the last moment. */
const LEASE_MS = 12 * GITHUB_TIMEOUT_MS;
/** Reports settled by one statement where nobody posts them. */
const SKIP_BATCH = 500;

/** Posts the reports that are due. @returns when to look again, sooner than the cron would */
export async function reportDue(deps: ReportDeps): Promise<readonly string[]> {
  const { mode } = deps.github;
  if (mode === "none") {
    const skipped = await skipReports(deps.db, "no GitHub credentials are configured", SKIP_BATCH);
    if (skipped > 0) deps.log.info("report.skipped", { reports: skipped });
    return [];
  }
  const wakeAt = new Set<string>();
  const say = effectLines(deps.log, "report.sent");
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const one = await reportOnce(deps, mode, say);
    for (const at of one.wakeAt) wakeAt.add(at);
    if (one.claimed === 0) return [...wakeAt];
  }
  return [...wakeAt, deps.now().toISOString()];
}

async function reportOnce(deps: ReportDeps, mode: "app" | "token", say: SayEffect) {
  const startedMs = deps.now().getTime();
  const leaseId = deps.newId();
  const { reports, gate } = await claimReports(deps.db, {
    leaseId,
    now: iso(startedMs),
    leaseUntil: iso(startedMs + LEASE_MS),
    limit: BATCH_SIZE,
  });
  if (reports.length === 0) return { claimed: 0, wakeAt: [] };
  const sent = await sendReports(deps, reports, mode);
  const nowMs = deps.now().getTime();
  const settled = sent.map((one) => settleReport(one, leaseId, nowMs, deps.random()));
  const next = nextGate(gate, findingsOf(sent), nowMs);
  const gateMoved = next.state === "closed" || gate.state === "closed";
  await commit(deps.db, {
    ...noChanges(iso(nowMs)),
    reportOutcomes: settled.map(({ outcome }) => outcome),
    deadLetters: settled.flatMap(({ letter }) => (letter === undefined ? [] : [letter])),
    settings: gateMoved ? [{ name: GITHUB_GATE, value: next }] : [],
  });
  const putOffs = putOffsOf(sent);
  if (putOffs.length > 0) await putOffReports(deps.db, putOffs);
  for (const { report, result } of sent) {
    const { validation_id, state } = report;
    say({ validation_id, state, class: classOf(result), lease_id: leaseId }, "error" in result);
  }
  deps.log.info("report.batch", {
    lease_id: leaseId,
    claimed: reports.length,
    duration_ms: nowMs - startedMs,
    ...tally(sent.map(({ result }) => classOf(result))),
  });
  const due = settled.flatMap(({ outcome }) => (outcome.status === "due" ? [outcome.due_at] : []));
  const wakeAt = [...due.toSorted().slice(0, 1), ...(next.state === "closed" ? [next.until] : [])];
  return { claimed: reports.length, wakeAt };
}

const classOf = (result: Result): string => ("class" in result ? result.class : "refused");

const iso = (ms: number): string => new Date(ms).toISOString();
