/** The content of a report to GitHub: a check run, or a commit status. Pure, without a clock. */

import { APPROVE } from "@webhook-gateway/shared/domain/trust.ts";
import type { DueReport } from "@webhook-gateway/shared/store/claim/due-report.ts";
import { type Digest, NO_DIGEST, readDigest } from "@webhook-gateway/shared/wording/digest.ts";
import { advice, headline, ranNothing, reasonOf } from "@webhook-gateway/shared/wording/run.ts";
import { type Annotation, annotationsOf } from "./annotations.ts";
import { codeSpan, link } from "./markdown.ts";
import { nothingSection, outputSections, stepsTable } from "./sections.ts";
import { sharedSection, sharedTitle } from "./shared-head.ts";

type ReportedColumn =
  | "state"
  | "conclusion"
  | "error"
  | "reason"
  | "reused_from"
  | "fork"
  | "dispatch_attempts"
  | "started_at"
  | "finished_at"
  | "digest";

/** A validation as far as it is reported. One that is being dispatched is reported as queued. */
export type ReportedRun = Pick<
  DueReport,
  ReportedColumn | "validation_id" | "run" | "kind" | "number" | "ref" | "others"
>;

/** The names of checks on GitHub: a check run's name, and a commit status's context. */
export const CONTEXTS = {
  pull_request: { checkName: "CodegenApp Validation", statusContext: "codegenapp/validation" },
  // Its own, so that a branch does not hide a pull request with the same head.
  push: { checkName: "CodegenApp Validation (push)", statusContext: "codegenapp/validation/push" },
} as const;

/** The parts of a check run that change with the validation, in the shape of GitHub's Checks API. */
export interface CheckRunContent {
  readonly status: "queued" | "in_progress" | "completed";
  readonly conclusion?: "success" | "failure" | "cancelled" | "timed_out" | "action_required" | "skipped";
  readonly started_at?: string;
  readonly completed_at?: string;
  readonly output: {
    readonly title: string;
    readonly summary: string;
    readonly text?: string;
    readonly annotations?: Annotation[];
  };
  /** All buttons below it. */
  readonly actions?: { readonly label: string; readonly description: string; readonly identifier: string }[];
}

export interface CommitStatusContent {
  readonly state: "pending" | "success" | "failure" | "error";
  readonly description: string;
}

/** GitHub's limit is 255 characters; in bytes it holds however they are counted. */
const TITLE_BYTES = 255;
/** GitHub's limit is 140 characters: "description is too long (maximum is 140 characters)". */
const DESCRIPTION_BYTES = 140;

/** GitHub answers emoji with "description doesn't accept 4-byte Unicode". */
const FOUR_BYTES = /[\u{10000}-\u{10FFFF}]/gu;

type Shape = Pick<CheckRunContent, "status" | "conclusion"> & {
  readonly commit: CommitStatusContent["state"];
};

/** How GitHub shows a state; `failure` is a run that completed without success. */
const SHAPES: Readonly<Record<ReportedRun["state"] | "failure", Shape>> = {
  held: { status: "completed", conclusion: "action_required", commit: "pending" },
  queued: { status: "queued", commit: "pending" },
  pending: { status: "in_progress", commit: "pending" },
  running: { status: "in_progress", commit: "pending" },
  completed: { status: "completed", conclusion: "success", commit: "success" },
  failure: { status: "completed", conclusion: "failure", commit: "failure" },
  failed: { status: "completed", conclusion: "failure", commit: "error" },
  cancelled: { status: "completed", conclusion: "cancelled", commit: "error" },
  superseded: { status: "completed", conclusion: "cancelled", commit: "error" },
  timed_out: { status: "completed", conclusion: "timed_out", commit: "error" },
  dead: { status: "completed", conclusion: "failure", commit: "error" },
  skipped: { status: "completed", conclusion: "skipped", commit: "success" },
};

/** GitHub takes labels of 20 characters, descriptions of 40 and identifiers of 20. */
const APPROVE_BUTTON = {
  label: "Approve",
  description: "Validate this commit of a fork",
  identifier: APPROVE,
};

/** The content of a check run. The same for `pending` and `running`, so that nothing is posted twice. */
export function checkRunContent(
  reported: ReportedRun,
  detailsOf: (validationId: string) => string,
): CheckRunContent {
  const { commit: _, ...shape } = shapeOf(reported);
  const digest = digestOf(reported);
  const text = textOf(reported, digest);
  const annotations = annotationsOf(digest.steps);
  return {
    ...shape,
    ...(shape.status === "completed" ? timesOf(reported) : {}),
    output: {
      title: sharedTitle(headline(reported, digest), reported, reported.others, TITLE_BYTES),
      summary: summaryOf(reported, digest, detailsOf),
      ...(text === undefined ? {} : { text }),
      ...(annotations.length === 0 ? {} : { annotations }),
    },
    ...(reported.fork ? { actions: reported.state === "held" ? [APPROVE_BUTTON] : [] } : {}),
  };
}

/** The content of a commit status. */
export function commitStatusContent(reported: ReportedRun): CommitStatusContent {
  const line = headline(reported, digestOf(reported));
  const title = sharedTitle(
    reported.state === "skipped" ? `skipped: ${line}` : line,
    reported,
    reported.others,
    DESCRIPTION_BYTES,
  );
  return { state: shapeOf(reported).commit, description: title.replace(FOUR_BYTES, "\uFFFD") };
}

const shapeOf = ({ state, conclusion }: ReportedRun): Shape =>
  SHAPES[state === "completed" && conclusion !== "success" ? "failure" : state];

/** Steps that were stopped, or that still run, are not shown. */
function digestOf({ state, digest }: ReportedRun): Digest {
  const counts = state === "completed" || state === "failed" || state === "timed_out";
  return counts ? readDigest(digest) : NO_DIGEST;
}

/** Only at the end: `running` has a start, `pending` has none, and GitHub fills one in. */
function timesOf({
  started_at,
  finished_at,
}: ReportedRun): Pick<CheckRunContent, "started_at" | "completed_at"> {
  return {
    ...(started_at === null ? {} : { started_at }),
    ...(finished_at === null ? {} : { completed_at: finished_at }),
  };
}

function summaryOf(
  reported: ReportedRun,
  digest: Digest,
  detailsOf: (validationId: string) => string,
): string {
  const { reused_from } = reported;
  const reason = reasonOf(reported, digest);
  const run = reported.run > 1 ? ` of run ${reported.run} of this head` : "";
  const parts = [
    advice(reported, digest, codeSpan),
    sharedSection(reported, reported.others, detailsOf),
    reason === null ? undefined : `Reason: ${codeSpan(reason)}`,
    digest.truncated ? "The results were too large to be kept whole: steps may be missing." : undefined,
    stepsTable(digest),
    reused_from === null ? undefined : link("The run that passed", detailsOf(reused_from)),
    `${link("Details", detailsOf(reported.validation_id))}${run}`,
  ];
  return parts.filter((part) => part !== undefined).join("\n\n");
}

/** A success has no text, unless there was nothing to run: then it has the sandbox's explanation. */
function textOf(reported: ReportedRun, digest: Digest): string | undefined {
  if (reported.state !== "completed" || reported.conclusion !== "success") return outputSections(digest);
  if (!ranNothing(digest) || digest.skipped !== null || reported.reused_from !== null) return undefined;
  return nothingSection(digest);
}
