/**
 * Which run of a commit GitHub is shown. Checks belong to a commit, and several pull requests, merge groups or branches
 * can have the same head. The worst of their runs is shown: a failure must not be hidden by a success.
 */

import { LEASED_REPORTS } from "./report-lease.ts";
import { isRunOf } from "./run.ts";

/** States of runs that were stopped. */
export const STOPPED = "('cancelled', 'superseded')";

/** From this rank on a run counts only if no open subject has one to show. */
export const FIRST_RANK_OF_THE_REST = 10;

/** The rank of a run, the worst first. @param run alias of its row @param subject alias of its subject's row */
const rankOf = (run: string, subject: string): string => `
  CASE
    WHEN ${run}.state IN ${STOPPED} THEN 20
    WHEN ${subject}.state IS NOT 'open' OR ${subject}.head_sha IS NOT ${run}.head_sha THEN ${FIRST_RANK_OF_THE_REST}
    WHEN ${run}.conclusion = 'failure' THEN 0
    WHEN ${run}.state = 'failed' THEN 1
    WHEN ${run}.state = 'timed_out' THEN 2
    WHEN ${run}.state = 'dead' THEN 3
    WHEN ${run}.state = 'held' THEN 4
    WHEN ${run}.state = 'skipped' THEN 6
    WHEN ${run}.state = 'completed' THEN 7
    ELSE 5
  END`;

/**
 * Whether no later run of the same subject and head exists. Its range of ids has these runs alone: the index of heads
 * would have those of every subject that shares the commit. @param run alias of its row
 */
const isNewest = (run: string): string => `
  NOT EXISTS (SELECT 1 FROM validations n WHERE n.run > ${run}.run
                AND ${isRunOf("n", `${run}.repository_id`, `${run}.subject || '-' || ${run}.head_sha`)})`;

const COLUMNS = `h.validation_id, h.post_number, m.subject, m.event, m.pr_number, m.ref, m.state, m.conclusion,
         m.created_at, ${rankOf("m", "s")} AS rank`;

const SUBJECT_OF_RUN = "subjects s ON s.repository_id = m.repository_id AND s.subject = m.subject";

/** The reports `h` of a commit, by the index of its runs `m`. @param commit alias of rows with `repository_id` and `head_sha` */
export const reportsOf = (commit: string): string => `
  validations m CROSS JOIN reports h
    ON h.validation_id = m.id AND m.head_sha = ${commit}.head_sha AND m.repository_id = ${commit}.repository_id`;

/** The reports of the newest run of each subject that shares a commit and a check context. */
const sharing = (report: string): string => `
  SELECT ${COLUMNS} FROM ${reportsOf(report)} LEFT JOIN ${SUBJECT_OF_RUN}
  WHERE h.context = ${report}.context AND ${isNewest("m")}`;

/**
 * Whether an open subject has the commit as its head, so that people look at its check.
 * @param report alias of rows with `repository_id`, `head_sha` and `context`
 */
export const isNeeded = (report: string): string => `
  EXISTS (SELECT 1 FROM ${reportsOf(report)} CROSS JOIN ${SUBJECT_OF_RUN}
          WHERE h.context = ${report}.context AND s.state = 'open' AND s.head_sha = ${report}.head_sha)`;

/** Why a report that is not needed is skipped. */
export const LEFT_OUT = "rate limits leave no room for a commit that is not the head of anything open";

/**
 * The run to show comes first. Among runs without an open subject that is one that GitHub shows already, so that it
 * is finished there.
 */
const SHOWN_FIRST = `rank, CASE WHEN rank >= ${FIRST_RANK_OF_THE_REST} THEN -post_number END, created_at DESC,
           validation_id DESC`;

/**
 * The id of the validation that GitHub is shown.
 * @param report alias of rows with `repository_id`, `head_sha` and `context`
 */
export const shownRunOf = (report: string): string => `
  (SELECT validation_id FROM (${sharing(report)}) ORDER BY ${SHOWN_FIRST} LIMIT 1)`;

/** The run to show of every commit, with the number of the commit's last post. Reads all reports once. */
export const SELECT_SHOWN_RUNS = `
  SELECT * FROM (
    SELECT *, row_number() OVER (PARTITION BY repository_id, head_sha, context ORDER BY newest DESC, ${SHOWN_FIRST}) AS place,
           max(post_number) OVER (PARTITION BY repository_id, head_sha, context) AS last_post
    FROM (SELECT ${COLUMNS}, h.repository_id, h.head_sha, h.context, h.status, h.state AS wanted,
                 h.validation_id IN (${LEASED_REPORTS}) AS leased, ${isNewest("m")} AS newest
          FROM reports h JOIN validations m ON m.id = h.validation_id LEFT JOIN ${SUBJECT_OF_RUN}))
  WHERE place = 1`;

/** The other open subjects of the commit, as a JSON array. @param report alias of a row of `reports` */
export const othersOf = (report: string, limit: number): string => `
  (SELECT json_group_array(json_object('validation_id', validation_id, 'kind', event, 'number', pr_number, 'ref', ref,
                                       'state', state, 'conclusion', conclusion))
   FROM (SELECT * FROM (${sharing(report)})
         WHERE rank < ${FIRST_RANK_OF_THE_REST} AND validation_id <> ${report}.validation_id
         ORDER BY rank, pr_number, validation_id LIMIT ${limit}))`;

/** The commits of ?1: JSON of changed validations, and ?2: JSON of commits that a subject has left, come to, opened or closed. */
export const CHANGED_COMMITS = `
  SELECT c.repository_id, c.head_sha FROM json_each(?1) j CROSS JOIN validations c ON c.id = j.value->>'validation_id'
  UNION SELECT value->>'repository_id', value->>'head_sha' FROM json_each(?2)`;

/**
 * Makes the run that is shown of a commit due again if several subjects share the commit and one of them has changed.
 * A change of a subject with a commit of its own makes its own report due. ?1 and ?2 as above, ?3: now
 */
export const REVISE_SHOWN_RUNS = `
  UPDATE reports SET status = 'due', reason = NULL, attempts = 0, wanted_at = ?3, due_at = ?3, revision = revision + 1
  WHERE (status <> 'due' OR validation_id IN (${LEASED_REPORTS})) AND validation_id IN (
    SELECT ${shownRunOf("k")} FROM (
      SELECT t.repository_id, t.head_sha, h.context FROM (${CHANGED_COMMITS}) t CROSS JOIN ${reportsOf("t")}
      GROUP BY t.repository_id, t.head_sha, h.context HAVING count(DISTINCT m.subject) > 1) k)`;
