/** What a due report leads to. Pure. */
import type { DueReport } from "@webhook-gateway/shared/store/reports.ts";
import { isFinal } from "@webhook-gateway/shared/validation.ts";
import type { Wanted } from "../budget.ts";
import {
  type CheckRunContent,
  type CommitStatusContent,
  checkRunContent,
  commitStatusContent,
  type Reported,
} from "./content.ts";

export type Plan =
  | { readonly kind: "skip"; readonly reason: string }
  | { readonly kind: "check_run"; readonly content: CheckRunContent; readonly wanted: Wanted }
  | { readonly kind: "status"; readonly content: CommitStatusContent; readonly wanted: Wanted };

/** GitHub takes no more statuses for one SHA and context (its documentation, 2026-11). */
const MAX_STATUSES = 1000;
/** The last of them are kept for final states. */
const MAX_MINOR_STATUSES = 900;
/** A write (GitHub's secondary limits, 2026-11). */
const WRITE_POINTS = 5;

/** Plans a report. @param mode as check runs by an App, or as commit statuses with a token */
export function planReport(report: DueReport, mode: "app" | "token", detailsUrl: string): Plan {
  const final = isFinal(report.state);
  // What another run has replaced before it was ever shown needs no end either.
  const stopped = report.state === "cancelled" || report.state === "superseded";
  if (stopped && !mayBePosted(report)) return skip("nothing was posted before");
  if (mode === "app") return planCheckRun(report, detailsUrl, final);
  if (!report.newest) return skip("a later run of this head speaks for it");
  if (report.head_posts >= (final ? MAX_STATUSES : MAX_MINOR_STATUSES)) {
    return skip(`GitHub takes no more than ${MAX_STATUSES} statuses for one commit`);
  }
  const wanted = { points: WRITE_POINTS, creates: true, minor: !final };
  return { kind: "status", content: commitStatusContent(reportedOf(report)), wanted };
}

function planCheckRun(report: DueReport, detailsUrl: string, final: boolean): Plan {
  // The check run of a later run would be hidden behind it; one that is there is brought to its end.
  if (!report.newest && !mayBePosted(report)) return skip("a later run of this head speaks for it");
  const wanted = { points: WRITE_POINTS, creates: report.external_id === null, minor: !final };
  return { kind: "check_run", content: checkRunContent(reportedOf(report), detailsUrl), wanted };
}

/** Whether a claim before this one ended without saying whether it posted. */
export const isUncertain = (report: Pick<DueReport, "claims">): boolean => report.claims > 1;

const mayBePosted = (report: DueReport): boolean => report.posts > 0 || isUncertain(report);

const skip = (reason: string): Plan => ({ kind: "skip", reason });

const reportedOf = (report: DueReport): Reported => ({
  id: report.validation_id,
  repository: report.repository,
  head_sha: report.head_sha,
  run: report.run,
  state: report.state,
  conclusion: report.conclusion,
  error: report.error,
  attempts: report.dispatch_attempts,
  created_at: report.created_at,
  started_at: report.started_at,
  finished_at: report.finished_at,
  digest: report.digest,
});
