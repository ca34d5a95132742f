/** A validation in the archive: all rows that D1 had of it, with its whole results. Read as the rows would be. */
import * as v from "valibot";
import { deliveryItem } from "../api/delivery.ts";
import { reportItem, timelineItem, type ValidationDetail, validationItem } from "../api/validation.ts";
import { OPEN_GATE } from "../domain/gate.ts";
import { isObject, type ResultsObject } from "../domain/results/summary.ts";
import { SUBJECT_KINDS } from "../domain/subject.ts";
import type { TraceRows } from "../domain/trace/trace.ts";
import type { ValidationRows } from "../store/maintain/old-validations.ts";
import { digestOfWhole, hasSteps, ownError, type RunView } from "../store/read/run-view.ts";
import { detailFields } from "../store/read/validation-list.ts";
import { parseJson } from "../text/json.ts";
import { isFailing } from "../wording/digest.ts";

const resultsObject = v.nullable(v.custom<ResultsObject>(isObject));

/** What is written to the archive. */
export interface ArchivedValidation extends ValidationRows {
  readonly archived_at: string;
}

const { lane: _, ...itemEntries } = validationItem.entries;

const archived = v.object({
  archived_at: v.string(),
  validation: v.object({
    ...itemEntries,
    ...detailFields,
    lane: v.pipe(
      v.number(),
      v.transform((lane) => (lane % 2 === 0 ? ("live" as const) : ("replay" as const))),
    ),
    clone_url: v.string(),
    results: resultsObject,
  }),
  timeline: v.array(timelineItem),
  deliveries: v.array(deliveryItem),
  report: v.nullable(reportItem),
});

type Archived = v.InferOutput<typeof archived>;

/** @returns undefined if it is none, or of a version that cannot be read */
export function parseArchived(json: string | undefined): Archived | undefined {
  const parsed = v.safeParse(archived, json === undefined ? undefined : parseJson(json));
  return parsed.success ? parsed.output : undefined;
}

/** As the operator API shows it. */
export function archivedDetail({ archived_at, validation, timeline, report }: Archived): ValidationDetail {
  const { clone_url, ...detail } = validation;
  return { ...detail, archived_at, timeline, report };
}

/** As a trace is made of it. */
export function archivedTraceRows({ validation, timeline, deliveries, report }: Archived): TraceRows {
  const of = { validation_id: validation.id };
  return {
    deliveries,
    validations: [v.parse(validationItem, validation)],
    timeline: timeline.map((row) => ({
      ...row,
      ...of,
      met: null,
      failed_steps: failedSteps(validation, row),
    })),
    reports: report === null ? [] : [{ ...report, ...of }],
    deadLetters: [],
    gate: OPEN_GATE,
    renamed: [],
    waiting: new Map(),
  };
}

/** Of the row in which a run ended. */
function failedSteps(
  { conclusion, results }: Archived["validation"],
  { from_state, to_state }: Archived["timeline"][number],
): string | null {
  const ended = to_state === "completed" && from_state !== "completed";
  if (!ended || conclusion !== "failure" || results === null) return null;
  const names = digestOfWhole(results)
    .steps.filter(isFailing)
    .map(({ name }) => name);
  return names.length === 0 ? null : names.join(", ");
}

/** As its page for contributors shows it. */
export function archivedRun({ validation, timeline }: Archived): RunView {
  const { id, repository, clone_url, event, pr_number, pr_url, ref, head_sha, run, state, conclusion } =
    validation;
  const { attempts, due_at, created_at, dispatched_at, started_at, finished_at } = validation;
  const { error, reason, reused_from, results } = validation;
  const kind = SUBJECT_KINDS.find((one) => one === event) ?? "push";
  return {
    ...{ id, repository, clone_url, kind, number: pr_number, pr_url, ref, head_sha, run, state, conclusion },
    ...{
      dispatch_attempts: attempts,
      due_at,
      created_at,
      dispatched_at,
      started_at,
      finished_at,
      reason,
      reused_from,
    },
    digest: digestOfWhole(hasSteps(state) && results !== null ? results : {}),
    archived: null,
    error: ownError(state, error),
    cancelled_by: state === "cancelled" ? cancelledBy(timeline) : null,
    ahead: null,
    ended: null,
    newer: null,
    gate: null,
    pause: null,
    set_aside: false,
  };
}

/** As the page's query reads it off the timeline. */
function cancelledBy(timeline: Archived["timeline"]): RunView["cancelled_by"] {
  const reason = timeline.find(({ to_state }) => to_state === "cancelled")?.reason ?? "";
  if (/^(?:pull request|merge group) /.test(reason)) return "close";
  if (reason.startsWith("cancelled by github:")) return "comment";
  return reason.startsWith("cancelled by ") ? "operator" : null;
}
