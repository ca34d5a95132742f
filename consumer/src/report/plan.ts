/** What a due report leads to. Pure. */

import { isFinal } from "@webhook-gateway/shared/domain/validation.ts";
import type { DueReport } from "@webhook-gateway/shared/store/claim/due-report.ts";
import type { Wanted } from "../github/budget.ts";
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
const SPOKEN_FOR = "a later run, or another subject with the same head, speaks for this commit";

/**
 * Plans a report. One validation speaks for a commit in each of its contexts; the others say nothing.
 * @param mode as check runs by an App, or as commit statuses with a token
 */
export function planReport(
  report: DueReport,
  mode: "app" | "token",
  detailsOf: (validationId: string) => string,
): Plan {
  if (!report.speaks) return skip(SPOKEN_FOR);
  const onlyIfThere = needsNoEnd(report) ? NOT_POSTED : null;
  if (onlyIfThere !== null && !isUncertain(report)) return skip(onlyIfThere);
  if (mode === "app") {
    const creates = checkRunToChange(report, currentOf(report)) === null;
    const content = checkRunContent(reportedOf(report), detailsOf);
    return { kind: "check_run", content, wanted: wantedFor(report, creates), onlyIfThere };
  }
  if (report.context_posts >= (isFinal(report.state) ? MAX_STATUSES : MAX_MINOR_STATUSES)) {
    return skip(`GitHub takes no more than ${MAX_STATUSES} statuses for one commit`);
  }
  const content = commitStatusContent(reportedOf(report));
  return { kind: "status", content, wanted: wantedFor(report, true), onlyIfThere };
}

/** A run that was stopped before GitHub showed it needs no end, unless what is shown waits for one. */
function needsNoEnd({ state, posts, shown }: DueReport): boolean {
  const stopped = state === "cancelled" || state === "superseded";
  return stopped && posts === 0 && (shown === null || shown.final);
}

/** The check run that GitHub shows of a commit. */
export interface CurrentCheckRun {
  readonly id: number;
  /** The validation that it was posted for last. */
  readonly validationId: string;
  readonly final: boolean;
}

/** As far as D1 knows; null where there is none. */
export const currentOf = ({ shown }: DueReport): CurrentCheckRun | null =>
  shown === null || shown.external_id === null
    ? null
    : { id: Number(shown.external_id), validationId: shown.validation_id, final: shown.final };

/**
 * The check run to change; null where a new one is to be created. GitHub shows the newest one, so all subjects of a
 * commit share it. Only a later run after one that has ended gets its own: the earlier result stays to be looked at.
 */
export function checkRunToChange(report: DueReport, current: CurrentCheckRun | null): number | null {
  if (current === null) return null;
  const rerun =
    current.validationId !== report.validation_id &&
    subjectAndHead(current.validationId) === subjectAndHead(report.validation_id);
  return rerun && current.final ? null : current.id;
}

/** A validation's id without its run. */
const subjectAndHead = (validationId: string): string => validationId.replace(/-\d+$/, "");

const wantedFor = (report: DueReport, creates: boolean): Wanted => ({
  points: WRITE_POINTS + (isUncertain(report) ? READ_POINTS : 0),
  creates,
  minor: !isFinal(report.state),
});

/** Whether a claim before this one ended without saying whether it posted. */
export const isUncertain = (report: Pick<DueReport, "claims" | "others_uncertain">): boolean =>
  mayBePosted(report) || report.others_uncertain;

/** The same of this validation alone. */
export const mayBePosted = ({ claims }: Pick<DueReport, "claims">): boolean => claims > 1;

const skip = (reason: string): Plan => ({ kind: "skip", reason });

const reportedOf = (report: DueReport): Reported => ({
  id: report.validation_id,
  repository: report.repository,
  head_sha: report.head_sha,
  kind: report.kind,
  number: report.number,
  ref: report.ref,
  run: report.run,
  state: report.state,
  conclusion: report.conclusion,
  error: report.error,
  attempts: report.dispatch_attempts,
  created_at: report.created_at,
  started_at: report.started_at,
  finished_at: report.finished_at,
  digest: report.digest,
  others: report.others,
});
