/**
 * Validations that may not be dispatched yet because of their repository: it is paused, or has the most runs under way
 * that one repository may have. A claim that reads such a row sets it aside, in a lane that ordinary claims skip (live
 * work moves from lane 0 to 2, replayed work from 1 to 3). When the repository may go on, its rows are claimed from that
 * lane, in turn with all others. Each costs two writes, however long it waits and however many there are.
 */
import { isInForce } from "../pauses.ts";
import { REPLAY_TURN, TURN } from "../settings.ts";

/** Rows of the backlog that one claim looks at for those to set aside. */
export const LOOK_AHEAD = 500;

/** A row `a` that was set aside: the index `validations_set_aside`. */
export const IS_SET_ASIDE = "a.state = 'queued' AND a.due_at IS NULL AND a.lane > 1";

/**
 * A common table `busy` of how many runs each repository has under way: empty if there is no limit. It reads what is at
 * Grainchain, which Grainchain itself bounds.
 */
const busy = (limit: string): string => `
    busy AS MATERIALIZED (
      SELECT repository_id, count(*) AS n FROM (
        SELECT repository_id FROM validations INDEXED BY validations_leased
        WHERE ${limit} > 0 AND lease_id IS NOT NULL
        UNION ALL
        SELECT repository_id FROM validations INDEXED BY validations_watched
        WHERE ${limit} > 0 AND watch_from IS NOT NULL)
      GROUP BY repository_id)`;

/** A row `r` whose repository is paused. */
const isPaused = (row: string, now: string): string =>
  `EXISTS (SELECT 1 FROM pauses p WHERE p.repository_id = ${row}.repository_id AND ${isInForce(now)})`;

/** The first rows of the backlog. */
const backlog = (limit: string): string => `
      SELECT seq, repository_id, lane, turn, attempts FROM validations
      WHERE state = 'queued' AND due_at IS NULL AND lane < 2 ORDER BY lane, turn, seq LIMIT ${limit}`;

/** The place of a row `q` among those of its repository: it and those before it. */
const PLACE = "row_number() OVER (PARTITION BY q.repository_id ORDER BY q.lane, q.turn, q.seq)";

/** ?1: now. ?2: the most runs of one repository under way; 0: no limit */
export const SET_ASIDE = `
  UPDATE validations SET lane = lane + 2 WHERE seq IN (
    WITH ${busy("?2")}
    SELECT r.seq FROM (SELECT q.*, ${PLACE} AS place FROM (${backlog(`(
        SELECT CASE WHEN ?2 > 0 OR EXISTS (SELECT 1 FROM pauses) THEN ${LOOK_AHEAD} ELSE 0 END)`)}) q) r
      LEFT JOIN busy b ON b.repository_id = r.repository_id
    WHERE ${isPaused("r", "?1")} OR (?2 > 0 AND r.place > ?2 - coalesce(b.n, 0)))`;

/** The first row that was set aside gets the current turn, not the one of its arrival: others have had theirs since. */
const CURRENT_TURN = `
  coalesce((SELECT CAST(value AS INTEGER) FROM settings
            WHERE name = CASE r.lane WHEN 0 THEN '${TURN}' ELSE '${REPLAY_TURN}' END), 0)`;

/** At least so many rows that were set aside are looked at of each repository that may go on. */
const MIN_SHARE = 3;

/**
 * Common tables, of which the last, `candidate`, has what may be claimed now: of the backlog, and of what was set aside
 * of repositories that may go on. From one repository to the next is one seek.
 * @param now expression, as are the other two
 * @param limit of rows to claim
 * @param perRepository the most runs of one repository under way
 */
export const CANDIDATES = (now: string, limit: string, perRepository: string): string => `
    ${busy(perRepository)},
    aside (repository_id) AS (
      SELECT min(a.repository_id) FROM validations a WHERE ${IS_SET_ASIDE}
      UNION ALL
      SELECT (SELECT min(a.repository_id) FROM validations a WHERE ${IS_SET_ASIDE} AND a.repository_id > n.repository_id)
      FROM aside n WHERE n.repository_id IS NOT NULL),
    free AS MATERIALIZED (
      SELECT n.repository_id FROM aside n LEFT JOIN busy b ON b.repository_id = n.repository_id
      WHERE n.repository_id IS NOT NULL AND NOT ${isPaused("n", now)}
        AND (${perRepository} = 0 OR coalesce(b.n, 0) < ${perRepository})
      ORDER BY random() LIMIT ${limit}),
    pool AS (
      SELECT *, 0 AS is_aside FROM (${backlog(limit)})
      UNION ALL
      SELECT s.seq, s.repository_id, s.lane - 2, s.turn, s.attempts, 1 FROM free f CROSS JOIN validations s ON s.seq IN (
        SELECT a.seq FROM validations a WHERE ${IS_SET_ASIDE} AND a.repository_id = f.repository_id
        ORDER BY a.lane, a.turn, a.seq
        LIMIT (SELECT CAST(max(${MIN_SHARE}, ${limit} / count(*)) AS INTEGER) FROM free))),
    candidate AS (
      SELECT r.seq, r.lane, r.attempts,
             CASE r.is_aside WHEN 1 THEN max(r.turn, ${CURRENT_TURN}) + r.place - 1 ELSE r.turn END AS turn
      FROM (SELECT q.*, ${PLACE} AS place FROM pool q) r LEFT JOIN busy b ON b.repository_id = r.repository_id
      WHERE NOT ${isPaused("r", now)}
        AND (${perRepository} = 0 OR r.place <= ${perRepository} - coalesce(b.n, 0)))`;
