/** A claimed report, with everything that its content is made of. */
import * as v from "valibot";
import { SUBJECT_KINDS } from "../../domain/subject.ts";
import { CONCLUSIONS, REPORTED_STATES, VALIDATION_STATES } from "../../domain/validation.ts";
import { MAX_DIGEST_OUTPUT } from "../../wording/digest.ts";
import { flag } from "../flag.ts";
import { currentNameOf } from "../repository-names.ts";
import { digestOf } from "../sql/digest.ts";
import { unplanned } from "../sql/parameter.ts";
import { reportsUnder } from "../sql/report-lease.ts";
import { othersOf, reportsOf, shownRunOf } from "../sql/shown-run.ts";

/** Text of JSON, or nothing. */
const json = v.nullable(v.pipe(v.string(), v.parseJson()));

const subjectFields = {
  kind: v.picklist(SUBJECT_KINDS),
  /** Of the pull request; 0 if there is none. */
  number: v.number(),
  ref: v.string(),
};

const other = v.object({
  ...subjectFields,
  validation_id: v.string(),
  state: v.picklist(VALIDATION_STATES),
  conclusion: v.nullable(v.picklist(CONCLUSIONS)),
});

/** Another open subject with the same head, and how its newest run is. */
export type OtherSubject = v.InferOutput<typeof other>;

const shown = v.object({
  validation_id: v.string(),
  /** The check run's id; null for a commit status. */
  external_id: v.nullable(v.string()),
  final: flag,
});

const reportRow = v.object({
  validation_id: v.string(),
  repository_id: v.number(),
  /** Its current name: GitHub answers an old one with a redirect. */
  repository: v.string(),
  head_sha: v.string(),
  /** Pull requests and merge groups share a check of a commit; pushes have one of their own. */
  context: v.picklist(["pull_request", "push"]),
  ...subjectFields,
  run: v.number(),
  state: v.picklist(REPORTED_STATES),
  conclusion: v.nullable(v.picklist(CONCLUSIONS)),
  /** Of the validation. */
  error: v.nullable(v.string()),
  /** Why it is held or skipped. */
  reason: v.nullable(v.string()),
  /** The run whose success stands for it. */
  reused_from: v.nullable(v.string()),
  fork: flag,
  dispatch_attempts: v.number(),
  created_at: v.string(),
  started_at: v.nullable(v.string()),
  finished_at: v.nullable(v.string()),
  /** See {@link digestOf}; null before the end. */
  digest: json,
  /** Of the report. */
  attempts: v.number(),
  wanted_at: v.string(),
  due_at: v.string(),
  /** 0 for a final state, 1 for one on the way to it, 2 or 3 if no open subject has the commit as its head. */
  priority: v.number(),
  /** Whether it is held by the limits of what creates something. */
  creates: flag,
  /** Grows with every change of what is to be shown. */
  revision: v.number(),
  /** Above 1: a claim before this one ended without an outcome, and may have posted. */
  claims: v.number(),
  posts: v.number(),
  posted_hash: v.nullable(v.string()),
  /** Whether this validation is the one that GitHub is shown of the commit. */
  is_shown: flag,
  others: v.pipe(v.string(), v.parseJson(), v.array(other)),
  /** What GitHub was shown last in this check context of the commit. */
  shown: v.nullable(v.pipe(v.string(), v.parseJson(), shown)),
  /** Posts in this check context of the commit so far, of all validations. */
  context_posts: v.number(),
  /** Whether another validation's report in this check context may have been posted without an outcome. */
  others_uncertain: flag,
  /** The installation of our App that the repository belongs to; null if it is not known. */
  installation_id: v.nullable(v.number()),
  /** When GitHub last said so, or that there is none; null if it was never asked. */
  installation_at: v.nullable(v.string()),
});

/** A report that is due. */
export type DueReport = v.InferOutput<typeof reportRow>;

/** Reads the rows of {@link SELECT_CLAIMED}. */
export const parseDueReports = (rows: readonly unknown[]): DueReport[] => v.parse(v.array(reportRow), rows);

/** Other subjects that a report names. */
const MAX_OTHERS = 20;

const IN_CONTEXT = `${reportsOf("r")} WHERE h.context = r.context`;

/** The reports under a lease. ?1: its id */
export const SELECT_CLAIMED = `
  SELECT r.*, CASE WHEN r.is_shown AND r.priority <> 1 AND r.results IS NOT NULL THEN ${digestOf("r.results", MAX_DIGEST_OUTPUT)} END AS digest
  FROM (
    SELECT r.validation_id, r.repository_id, coalesce(${currentNameOf("r.repository_id")}, v.repository) AS repository, r.head_sha, r.context, v.event AS kind,
           v.pr_number AS number, v.ref, v.run, r.state, r.conclusion, v.error, v.reason, v.reused_from, v.fork, v.attempts AS dispatch_attempts,
           v.created_at, v.started_at, v.finished_at, v.results, r.priority, r.creates, r.due_at,
           r.attempts, r.wanted_at, r.revision, r.claims + 1 AS claims, r.posts, r.posted_hash,
           ${shownRunOf("r")} = r.validation_id AS is_shown, ${othersOf("r", MAX_OTHERS)} AS others,
           (SELECT json_object('validation_id', h.validation_id, 'external_id', h.external_id,
                               'final', h.posted_state NOT IN ('held', 'queued', 'pending', 'running'))
            FROM ${IN_CONTEXT} AND h.post_number > 0 ORDER BY h.post_number DESC LIMIT 1) AS shown,
           (SELECT max(h.post_number) FROM ${IN_CONTEXT}) AS context_posts,
           EXISTS (SELECT 1 FROM ${IN_CONTEXT} AND h.validation_id <> r.validation_id AND h.claims > 0) AS others_uncertain,
           p.installation_id, p.installation_at
    FROM (${reportsUnder(unplanned("?1"))}) k CROSS JOIN reports r ON r.validation_id = k.value
      CROSS JOIN validations v ON v.id = r.validation_id
      LEFT JOIN repositories p ON p.repository_id = r.repository_id) r
  ORDER BY r.priority, r.due_at DESC`;
