/** Reports to GitHub: an outbox, one row a validation, holding the newest state wanted. */
import * as v from "valibot";
import type { Gate } from "../gate.ts";
import { GITHUB_GATE, parseGate } from "./settings.ts";

const CONCLUSIONS = ["success", "failure"] as const;

const REPORT_STATES = [
  "queued",
  "pending",
  "running",
  "completed",
  "failed",
  "cancelled",
  "superseded",
  "timed_out",
  "dead",
] as const;

/** Text of JSON, or nothing. */
const json = v.nullable(v.pipe(v.string(), v.parseJson()));

const reportRow = v.object({
  validation_id: v.string(),
  repository_id: v.number(),
  repository: v.string(),
  head_sha: v.string(),
  run: v.number(),
  state: v.picklist(REPORT_STATES),
  conclusion: v.nullable(v.picklist(CONCLUSIONS)),
  /** Of the validation. */
  error: v.nullable(v.string()),
  dispatch_attempts: v.number(),
  created_at: v.string(),
  started_at: v.nullable(v.string()),
  finished_at: v.nullable(v.string()),
  /** See {@link DIGEST}; null before the end. */
  digest: json,
  /** Of the report. */
  attempts: v.number(),
  wanted_at: v.string(),
  /** Above 1: a claim before this one ended without an outcome, and may have posted. */
  claims: v.number(),
  posts: v.number(),
  posted_hash: v.nullable(v.string()),
  /** The check run's id. */
  external_id: v.nullable(v.string()),
  /** No later run of this head speaks for it. One that was stopped speaks only for others that were. */
  newest: v.pipe(
    v.number(),
    v.transform((flag) => flag === 1),
  ),
  /** Posts for this head so far, whatever the run. */
  head_posts: v.number(),
  /** The installation of our App that the repository belongs to; null where that is not known. */
  installation_id: v.nullable(v.number()),
  /** When GitHub last said which, or that there is none; null where it was never asked. */
  installation_at: v.nullable(v.string()),
});

/** A report that is due, with all that its content is made of. */
export type DueReport = v.InferOutput<typeof reportRow>;

export interface ReportClaim {
  readonly leaseId: string;
  readonly now: string;
  readonly leaseUntil: string;
  readonly limit: number;
}

/** What became of a claimed report. */
export interface ReportOutcome {
  readonly validation_id: string;
  readonly lease_id: string;
  /** As claimed: where another state is wanted by now, the report stays due. */
  readonly state: DueReport["state"];
  readonly conclusion: DueReport["conclusion"];
  readonly status: "due" | "posted" | "skipped" | "dead";
  readonly reason: string | null;
  readonly error: string | null;
  readonly attempts: number;
  readonly due_at: string;
  /** Whether GitHub may or may not have it. */
  readonly uncertain: boolean;
  /** Set where something was posted. */
  readonly posted: { readonly hash: string; readonly external_id: string | null } | null;
}

/**
 * Marks due reports as skipped, where there is nobody to post them.
 * @returns how many
 */
export async function skipReports(db: D1Database, reason: string, limit: number): Promise<number> {
  const [reports] = await db.batch([
    db.prepare(SKIP_REPORTS).bind(reason, limit),
    db.prepare("UPDATE reactions SET status = 'skipped', reason = ?1 WHERE status = 'due'").bind(reason),
  ]);
  return reports?.meta.changes ?? 0;
}

/**
 * Claims reports that are due, final states first. One report of a head is under way at a time, so that an older state
 * cannot overtake a newer one.
 */
export async function claimReports(
  db: D1Database,
  claim: ReportClaim,
): Promise<{ readonly reports: readonly DueReport[]; readonly gate: Gate }> {
  const { leaseId, now, leaseUntil, limit } = claim;
  const [gate, , , claimed] = await db.batch<Record<string, unknown>>([
    db.prepare("SELECT value FROM settings WHERE name = ?1").bind(GITHUB_GATE),
    db.prepare(CLAIM_REPORTS).bind(leaseId, leaseUntil, now, limit),
    db.prepare(HOLD_GATE_FOR_PROBE).bind(leaseId, leaseUntil, now),
    db.prepare(SELECT_CLAIMED).bind(leaseId),
  ]);
  return {
    reports: v.parse(v.array(reportRow), claimed?.results ?? []),
    gate: parseGate(gate?.results[0]?.value),
  };
}

/** Reports under one credential that have to wait. */
export interface PutOff {
  /** Null: all of them. */
  readonly installation_id: number | null;
  /** 1: only states on the way to a final one. */
  readonly priority: 0 | 1;
  /** Only those that create something, and not those that change it. */
  readonly creates: boolean;
  readonly until: string;
}

/** Puts off what is due, so that it does not keep others from being claimed. */
export async function putOffReports(db: D1Database, putOff: readonly PutOff[]): Promise<void> {
  await db.prepare(PUT_OFF).bind(JSON.stringify(putOff)).run();
}

/** Remembers which installation each repository belongs to; null where our App is not installed on it. */
export async function storeInstallations(
  db: D1Database,
  found: readonly { readonly repository_id: number; readonly installation_id: number | null }[],
  now: string,
): Promise<void> {
  await db.prepare(STORE_INSTALLATIONS).bind(JSON.stringify(found), now).run();
}

const SKIP_REPORTS = `
  UPDATE reports SET status = 'skipped', reason = ?1 WHERE validation_id IN (
    SELECT validation_id FROM reports WHERE status = 'due' ORDER BY priority, due_at LIMIT ?2)`;

/** What of the head may not be claimed: another report of it is under way. */
const HEAD_IS_FREE = `
  NOT EXISTS (SELECT 1 FROM reports o WHERE o.repository_id = r.repository_id AND o.head_sha = r.head_sha
                AND o.lease_until > ?3)`;

const CLAIM_REPORTS = `
  UPDATE reports SET lease_id = ?1, lease_until = ?2, claims = claims + 1 WHERE validation_id IN (
    SELECT validation_id FROM (
      SELECT validation_id, priority, due_at, attempts FROM (
        SELECT r.validation_id, r.priority, r.due_at, r.attempts FROM reports r
        WHERE r.status = 'due' AND r.priority = 0 AND r.due_at <= ?3 AND ${HEAD_IS_FREE} ORDER BY r.due_at LIMIT ?4)
      UNION ALL
      SELECT validation_id, priority, due_at, attempts FROM (
        SELECT r.validation_id, r.priority, r.due_at, r.attempts FROM reports r
        WHERE r.status = 'due' AND r.priority = 1 AND r.due_at <= ?3 AND ${HEAD_IS_FREE} ORDER BY r.due_at LIMIT ?4))
    ORDER BY CASE WHEN EXISTS (SELECT 1 FROM settings WHERE name = '${GITHUB_GATE}' AND value->>'state' = 'closed')
                  THEN attempts END,
             priority, due_at
    LIMIT (SELECT coalesce((
      SELECT CASE WHEN value->>'state' = 'open' THEN ?4 WHEN value->>'until' > ?3 THEN 0 ELSE 1 END
      FROM settings WHERE name = '${GITHUB_GATE}'), ?4)))`;

/** While the probe is under way nobody else probes. */
const HOLD_GATE_FOR_PROBE = `
  UPDATE settings SET value = json_set(value, '$.until', ?2), updated_at = ?3
  WHERE name = '${GITHUB_GATE}' AND value->>'state' = 'closed'
    AND EXISTS (SELECT 1 FROM reports WHERE lease_id = ?1)`;

/** Steps of one validation that a report can name, and the output kept of each, in characters. */
const DIGEST_STEPS = 200;
const DIGEST_OUTPUT = 4000;
/** Annotations that a step brings itself are left out where they are longer, in characters of JSON. */
const DIGEST_ANNOTATIONS = 20_000;

/** What a report says of the results, however large and whatever shape they are. */
const DIGEST = `
  json_object(
    'success', v.results->'$.success',
    'overall_success', coalesce(v.results->'$.overall_success', v.results->'$.test_results.overall_success'),
    'error', substr(v.results->>'$.error', 1, ${DIGEST_OUTPUT}),
    'truncated', v.results->'$.truncated',
    'execution_time', v.results->'$.test_results.execution_time',
    'steps', (
      SELECT json_group_array(json_object(
        'name', s.key, 'status', s.value->'$.status', 'success', s.value->'$.success',
        'exit_code', s.value->'$.exit_code', 'duration_ms', s.value->'$.duration_ms',
        'output', substr(s.value->>'$.output', -${DIGEST_OUTPUT}),
        'file', s.value->'$.file', 'line', s.value->'$.line',
        'message', substr(s.value->>'$.message', 1, ${DIGEST_OUTPUT}),
        'annotations', CASE WHEN length(s.value->'$.annotations') <= ${DIGEST_ANNOTATIONS}
                            THEN s.value->'$.annotations' END))
      FROM (SELECT key, value FROM json_each(v.results, '$.test_results') WHERE type = 'object'
            LIMIT ${DIGEST_STEPS}) s))`;

const STOPPED = "('cancelled', 'superseded')";

/** A later run of a head has a later row. */
const SELECT_CLAIMED = `
  SELECT r.validation_id, r.repository_id, v.repository, r.head_sha, v.run, r.state, r.conclusion, v.error,
         v.attempts AS dispatch_attempts, v.created_at, v.started_at, v.finished_at,
         CASE WHEN r.priority = 0 AND v.results IS NOT NULL THEN ${DIGEST} END AS digest,
         r.attempts, r.wanted_at, r.claims, r.posts, r.posted_hash, r.external_id,
         NOT EXISTS (SELECT 1 FROM reports n WHERE n.repository_id = r.repository_id AND n.head_sha = r.head_sha
                       AND n.rowid > r.rowid AND (n.state NOT IN ${STOPPED} OR r.state IN ${STOPPED})) AS newest,
         (SELECT sum(h.posts) FROM reports h
            WHERE h.repository_id = r.repository_id AND h.head_sha = r.head_sha) AS head_posts,
         p.installation_id, p.installation_at
  FROM reports r JOIN validations v ON v.id = r.validation_id
    LEFT JOIN repositories p ON p.repository_id = r.repository_id
  WHERE r.lease_id = ?1 ORDER BY r.priority, r.due_at`;

const PUT_OFF = `
  UPDATE reports SET due_at = p.value->>'until' FROM json_each(?1) AS p
  WHERE reports.status = 'due' AND reports.due_at < p.value->>'until' AND reports.lease_id IS NULL
    AND reports.priority >= p.value->>'priority' AND (reports.external_id IS NULL OR NOT p.value->>'creates')
    AND (p.value->>'installation_id' IS NULL OR reports.repository_id IN (
      SELECT repository_id FROM repositories WHERE installation_id = p.value->>'installation_id'))`;

const STORE_INSTALLATIONS = `
  INSERT INTO repositories (repository_id, last_turn, installation_id, installation_at)
  SELECT value->>'repository_id', 0, value->>'installation_id', ?2 FROM json_each(?1) WHERE true
  ON CONFLICT (repository_id) DO UPDATE SET
    installation_id = excluded.installation_id, installation_at = excluded.installation_at`;
