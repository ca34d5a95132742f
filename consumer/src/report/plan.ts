/** Plans reports. Pure. */

import { isFinal } from "@webhook-gateway/shared/domain/validation.ts";
import type { DueReport } from "@webhook-gateway/shared/store/claim/due-report.ts";
import { type Cost, READ_POINTS, WRITE_POINTS } from "../github/budget.ts";
import {
  type CheckRunContent,
  type CommitStatusContent,
  checkRunContent,
  commitStatusContent,
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
  readonly cost: Cost;
  /** Why it is skipped if GitHub turns out to have nothing of this validation; null: it is posted. */
  readonly onlyIfThere: string | null;
};

/** GitHub takes no more statuses for one SHA and context (https://docs.github.com/en/rest/commits/statuses). */
const MAX_STATUSES = 1000;
/** The last of them are kept for final states. */
const MAX_MINOR_STATUSES = 900;

const NOT_POSTED = "nothing was posted before";
const SHOWN_OTHERWISE = "GitHub shows a later run of this commit, or another subject with the same head";

/**
 * Plans a report. GitHub shows one validation of a commit in each of its check contexts, and nothing of the others.
 * @param mode as check runs by an App, or as commit statuses with a token
 */
export function planReport(
  report: DueReport,
  mode: "app" | "token",
  detailsOf: (validationId: string) => string,
  reportSkipped: boolean,
): Plan {
  if (!report.is_shown) return skip(SHOWN_OTHERWISE);
  if (report.state === "skipped" && !reportSkipped && report.shown === null && !isUncertain(report)) {
    return skip("what is skipped is not reported");
  }
  const onlyIfThere = needsNoEnd(report) ? NOT_POSTED : null;
  if (onlyIfThere !== null && !isUncertain(report)) return skip(onlyIfThere);
  if (mode === "app") {
    const creates = checkRunToChange(report, currentOf(report)) === null;
    const content = checkRunContent(report, detailsOf);
    return { kind: "check_run", content, cost: costOf(report, creates), onlyIfThere };
  }
  if (report.context_posts >= (isFinal(report.state) ? MAX_STATUSES : MAX_MINOR_STATUSES)) {
    return skip(`GitHub takes no more than ${MAX_STATUSES} statuses for one commit`);
  }
  const content = commitStatusContent(report);
  return { kind: "status", content, cost: costOf(report, true), onlyIfThere };
}

/** A run that was stopped before GitHub showed it is not posted, unless GitHub still shows one as running. */
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

/** As far as D1 knows; null if there is none. */
export const currentOf = ({ shown }: DueReport): CurrentCheckRun | null =>
  shown === null || shown.external_id === null
    ? null
    : { id: Number(shown.external_id), validationId: shown.validation_id, final: shown.final };

/**
 * The check run to change; null to create one. GitHub shows the newest one, so all subjects of a commit share it. Only a
 * later run after one that has ended gets its own: the earlier result stays visible.
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

const costOf = (report: DueReport, creates: boolean): Cost => ({
  points: WRITE_POINTS + (isUncertain(report) ? READ_POINTS : 0),
  creates,
  minor: report.priority > 0,
});

/** Whether an earlier claim ended without an outcome, so that it may have posted. */
export const isUncertain = (report: Pick<DueReport, "claims" | "others_uncertain">): boolean =>
  mayBePosted(report) || report.others_uncertain;

/** The same for this validation alone. */
export const mayBePosted = ({ claims }: Pick<DueReport, "claims">): boolean => claims > 1;

const skip = (reason: string): Plan => ({ kind: "skip", reason });
