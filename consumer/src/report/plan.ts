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

export type Plan = Skip | Post;

interface Skip {
  readonly kind: "skip";
  readonly reason: string;
}

/** Something to post. */
export type Post = (
  | { readonly kind: "check_run"; readonly content: CheckRunContent }
  | { readonly kind: "status"; readonly content: CommitStatusContent }
) & {
  readonly wanted: Wanted;
  /** Why it is skipped after all, where GitHub turns out to have nothing of this validation; null: it is posted. */
  readonly onlyIfThere: string | null;
};

/** GitHub takes no more statuses for one SHA and context (its documentation, 2026-11). */
const MAX_STATUSES = 1000;
/** The last of them are kept for final states. */
const MAX_MINOR_STATUSES = 900;
/** A write, and a look at what is there (GitHub's secondary limits, 2026-11). */
const WRITE_POINTS = 5;
const READ_POINTS = 1;

const NOT_POSTED = "nothing was posted before";
const NOT_NEWEST = "a later run of this head speaks for it";

/** Plans a report. @param mode as check runs by an App, or as commit statuses with a token */
export function planReport(report: DueReport, mode: "app" | "token", detailsUrl: string): Plan {
  const final = isFinal(report.state);
  // What another run has replaced before it was ever shown needs no end either.
  const stopped = report.state === "cancelled" || report.state === "superseded";
  if (stopped && !mayBePosted(report)) return skip(NOT_POSTED);
  const onlyIfThere = stopped && report.posts === 0 ? NOT_POSTED : null;
  if (mode === "app") return planCheckRun(report, detailsUrl, onlyIfThere);
  if (!report.newest) return skip(NOT_NEWEST);
  if (report.head_posts >= (final ? MAX_STATUSES : MAX_MINOR_STATUSES)) {
    return skip(`GitHub takes no more than ${MAX_STATUSES} statuses for one commit`);
  }
  const wanted = wantedFor(report, true);
  return { kind: "status", content: commitStatusContent(reportedOf(report)), wanted, onlyIfThere };
}

function planCheckRun(report: DueReport, detailsUrl: string, onlyIfThere: string | null): Plan {
  // The check run of a later run would be hidden behind it; one that is there is brought to its end.
  if (!report.newest && !mayBePosted(report)) return skip(NOT_NEWEST);
  const hidden = !report.newest && report.posts === 0 ? NOT_NEWEST : null;
  return {
    kind: "check_run",
    content: checkRunContent(reportedOf(report), detailsUrl),
    wanted: wantedFor(report, report.external_id === null),
    onlyIfThere: onlyIfThere ?? hidden,
  };
}

const wantedFor = (report: DueReport, creates: boolean): Wanted => ({
  points: WRITE_POINTS + (isUncertain(report) ? READ_POINTS : 0),
  creates,
  minor: !isFinal(report.state),
});

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
