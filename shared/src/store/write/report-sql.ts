/** The statements of a decision's transaction that write reports. */
import { LEASED_REPORTS, reportsUnder } from "../sql/report-lease.ts";
import { CHANGED_COMMITS, isNeeded, LEFT_OUT, reportsOf } from "../sql/shown-run.ts";

/** The installation that acts on a repository; 0 if it is not known. */
export const installationOf = (repositoryId: string): string =>
  `coalesce((SELECT p.installation_id FROM repositories p WHERE p.repository_id = ${repositoryId}), 0)`;

/** One report a validation: the newest state is the one to show. State and conclusion are read from its row. */
export const UPSERT_REPORTS = `
  INSERT INTO reports (validation_id, repository_id, head_sha, context, state, conclusion, priority, status,
                       wanted_at, due_at, installation_id)
  SELECT v.id, v.repository_id, v.head_sha, CASE v.event WHEN 'push' THEN 'push' ELSE 'pull_request' END,
         v.state, v.conclusion, CASE WHEN v.finished_at IS NULL THEN 1 ELSE 0 END, 'due', value->>'now', value->>'now',
         ${installationOf("v.repository_id")}
  FROM json_each(?1) JOIN validations v ON v.id = value->>'validation_id' WHERE true
  ON CONFLICT (validation_id) DO UPDATE SET
    state = excluded.state, conclusion = excluded.conclusion, priority = excluded.priority, status = 'due',
    reason = NULL, wanted_at = excluded.wanted_at, due_at = excluded.due_at, attempts = 0, revision = revision + 1,
    installation_id = excluded.installation_id`;

/**
 * What was posted is stored, even if something else is to be shown by now; then the report stays due. A lease that has
 * run out settles nothing: the next claim looks at GitHub first.
 */
export const SETTLE_REPORTS = `
  UPDATE reports SET
    status = CASE revision WHEN o.value->>'revision' THEN o.value->>'status' ELSE 'due' END,
    due_at = CASE revision WHEN o.value->>'revision' THEN o.value->>'due_at' ELSE wanted_at END,
    attempts = CASE revision WHEN o.value->>'revision' THEN o.value->>'attempts' ELSE 0 END,
    reason = o.value->>'reason', error = o.value->>'error',
    claims = o.value->>'uncertain',
    installation_id = coalesce(o.value->>'installation_id', installation_id),
    posts = posts + (o.value->>'posted' IS NOT NULL),
    post_number = coalesce(o.value->>'$.posted.number', post_number),
    posted_state = CASE WHEN o.value->>'posted' IS NULL AND o.value->>'status' <> 'posted'
                        THEN posted_state ELSE o.value->>'state' END,
    posted_conclusion = CASE WHEN o.value->>'posted' IS NULL AND o.value->>'status' <> 'posted'
                             THEN posted_conclusion ELSE o.value->>'conclusion' END,
    posted_at = CASE WHEN o.value->>'posted' IS NULL THEN posted_at ELSE o.value->>'now' END,
    posted_hash = coalesce(o.value->>'$.posted.hash', posted_hash),
    external_id = coalesce(o.value->>'$.posted.external_id', external_id)
  FROM json_each(?1) AS o
  WHERE reports.validation_id = o.value->>'validation_id'
    AND reports.validation_id IN (${reportsUnder("o.value->>'lease_id'")})`;

/** All reports of a claim are settled together. */
export const RELEASE_REPORTS = `
  DELETE FROM report_leases WHERE id IN (SELECT value->>'lease_id' FROM json_each(?1))`;

/** Whether GitHub shows something of the commit. @param report alias of a row of `reports` */
const isPosted = (report: string): string => `
  EXISTS (SELECT 1 FROM ${reportsOf(report)} WHERE h.context = ${report}.context AND h.post_number > 0)`;

const priorityOf = (report: string): string => `
  CASE WHEN ${isNeeded(report)}
       THEN (SELECT v.finished_at IS NULL FROM validations v WHERE v.id = ${report}.validation_id)
       WHEN ${isPosted(report)} THEN 2
       ELSE 3 END`;

/**
 * Reports of commits that no open subject has as its head come last: `priority` 2 if GitHub shows something of the
 * commit, which is to be finished, else 3. One that was left out is due again if its commit is needed again.
 * ?1: JSON of changed validations, ?2: JSON of commits that a subject has left, come to, opened or closed, ?3: now
 */
export const SET_PRIORITIES = `
  UPDATE reports SET
    priority = ${priorityOf("reports")},
    revision = revision + (status = 'skipped' OR validation_id IN (${LEASED_REPORTS})),
    reason = CASE status WHEN 'skipped' THEN NULL ELSE reason END,
    wanted_at = CASE status WHEN 'skipped' THEN ?3 ELSE wanted_at END,
    due_at = CASE status WHEN 'skipped' THEN ?3 ELSE due_at END,
    status = 'due'
  WHERE validation_id IN (
    SELECT r.validation_id FROM (${CHANGED_COMMITS}) t
      CROSS JOIN validations c ON c.head_sha = t.head_sha AND c.repository_id = t.repository_id
      CROSS JOIN reports r ON r.validation_id = c.id
    WHERE CASE r.status WHEN 'due' THEN r.priority <> ${priorityOf("r")}
                        WHEN 'skipped' THEN r.priority >= 2 AND ${isNeeded("r")} END)`;

/** Reports that one limit leaves out. */
const LEFT_OUT_AT_ONCE = 500;

/** Leaves out what nobody looks at while a limit holds what others wait for. ?1: JSON of limits */
export const LEAVE_OUT_REPORTS = `
  UPDATE reports SET status = 'skipped', reason = '${LEFT_OUT}' WHERE validation_id IN (
    SELECT r.validation_id FROM json_each(?1) l CROSS JOIN reports r ON r.rowid IN (
      SELECT d.rowid FROM reports d
      WHERE d.status = 'due' AND d.priority = 3 AND d.creates = 1 AND d.postponed = 0
        AND d.installation_id = CASE WHEN l.value->>'credential' LIKE 'installation:%'
                                     THEN CAST(substr(l.value->>'credential', 14) AS INTEGER) ELSE 0 END
        AND d.claims = 0 AND d.validation_id NOT IN (${LEASED_REPORTS})
        AND NOT ${isPosted("d")}
      ORDER BY d.due_at LIMIT ${LEFT_OUT_AT_ONCE}))`;
