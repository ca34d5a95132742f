/**
 * What is true of the rows at any instant, as queries for the rows that break it. They can run on a live database:
 * every transaction keeps them.
 */
import { isNeeded, SELECT_SHOWN_RUNS, STOPPED } from "../sql/shown-run.ts";

export interface Invariant {
  /** As numbered in docs/architecture.md. */
  readonly number: number;
  readonly rule: string;
  /** Selects `id` and `problem` of the rows that break it. */
  readonly sql: string;
}

const FINAL = "('completed', 'failed', 'cancelled', 'superseded', 'timed_out', 'dead', 'skipped')";
const LIVE = "('queued', 'dispatching', 'pending', 'running')";
const UNFINISHED = "('held', 'queued', 'dispatching', 'pending', 'running')";

/** Before this time, rows may be gone. */
const horizonOf = (kind: "deliveries" | "validations"): string =>
  `coalesce((SELECT value->>'${kind}_before' FROM settings WHERE name = 'retention:horizon'), '')`;

/**
 * The invariants.
 * @param cancelSuperseded whether running validations of older heads are stopped (`CANCEL_SUPERSEDED`)
 */
export const invariants = (cancelSuperseded: boolean): readonly Invariant[] => [
  {
    number: 1,
    rule: "a delivery that started a validation has it, for as long as validations are kept",
    sql: `SELECT d.id, 'validation ' || d.validation_id || ' is missing' AS problem FROM deliveries d
          LEFT JOIN validations v ON v.id = d.validation_id
          WHERE d.outcome IN ('started', 'held', 'skipped') AND v.id IS NULL AND d.received_at >= ${horizonOf("validations")}`,
  },
  {
    number: 1,
    rule: "a delivery is recorded or dead, and not both",
    sql: `SELECT l.id, 'delivery ' || l.delivery_id || ' is recorded as well' AS problem FROM dead_letters l
          JOIN deliveries d ON d.id = l.delivery_id WHERE l.kind = 'fact' AND l.status = 'open'`,
  },
  {
    number: 1,
    rule: "an open dead letter of a dispatch is about a dead validation",
    sql: `SELECT l.id, 'the validation is ' || v.state AS problem FROM dead_letters l
          JOIN validations v ON v.id = l.validation_id
          WHERE l.kind = 'dispatch' AND l.status IN ('open', 'replaying') AND v.state <> 'dead'`,
  },
  {
    number: 1,
    rule: "a dead letter that is being replayed has a running replay",
    sql: `SELECT l.id, 'replay ' || coalesce(l.replay_id, 'none') || ' is ' || coalesce(r.status, 'gone') AS problem
          FROM dead_letters l LEFT JOIN replays r ON r.id = l.replay_id
          WHERE l.status = 'replaying' AND r.status IS NOT 'running'`,
  },
  {
    number: 2,
    rule: "only what is being dispatched has a lease, and it ends",
    sql: `SELECT id, state || ' with lease ' || coalesce(lease_id, 'none') AS problem FROM validations
          WHERE (state = 'dispatching') <> (lease_id IS NOT NULL)
             OR (state = 'dispatching' AND lease_until IS NULL)`,
  },
  {
    number: 2,
    rule: "Grainchain accepts a validation at most once a lease",
    sql: `SELECT validation_id AS id, accepted || ' acceptances under ' || leases || ' leases' AS problem FROM (
            SELECT validation_id, sum(reason LIKE 'accepted by Grainchain%') AS accepted,
                   sum(from_state = 'queued' AND to_state = 'dispatching') AS leases
            FROM timeline GROUP BY validation_id) WHERE accepted > leases`,
  },
  {
    number: 3,
    rule: "only the newest head of a subject is in flight",
    sql: `SELECT v.id, 'the newest head is ' || s.head_sha AS problem FROM validations v
          JOIN subjects s ON s.repository_id = v.repository_id AND s.subject = v.subject
          WHERE v.state IN ${cancelSuperseded ? LIVE : "('queued', 'dispatching')"} AND v.head_sha <> s.head_sha`,
  },
  {
    number: 3,
    rule: "a subject has at most one run in flight",
    sql: `SELECT min(id) AS id, count(*) || ' runs are in flight' AS problem FROM validations
          WHERE state IN ${cancelSuperseded ? LIVE : "('queued', 'dispatching')"}
          GROUP BY repository_id, subject HAVING count(*) > 1`,
  },
  {
    number: 3,
    rule: "nothing is in flight for a closed subject",
    sql: `SELECT v.id, 'the subject is closed' AS problem FROM validations v
          JOIN subjects s ON s.repository_id = v.repository_id AND s.subject = v.subject
          WHERE v.state IN ${UNFINISHED} AND s.state = 'closed'`,
  },
  {
    number: 3,
    rule: "only the newest head of a subject is held, with nothing in flight beside it",
    sql: `SELECT v.id, 'the newest head is ' || s.head_sha || ', run ' || coalesce(o.run, 'none') AS problem
          FROM validations v JOIN subjects s ON s.repository_id = v.repository_id AND s.subject = v.subject
          LEFT JOIN validations o ON o.repository_id = v.repository_id AND o.subject = v.subject AND o.id <> v.id
            AND o.state IN ${cancelSuperseded ? UNFINISHED : "('held', 'queued', 'dispatching')"}
          WHERE v.state = 'held' AND (v.head_sha <> s.head_sha OR o.id IS NOT NULL)`,
  },
  {
    number: 10,
    rule: "only what is trusted, or needs no approval, has ever left `held` for the queue",
    sql: `SELECT v.id, 'it was queued' AS problem FROM validations v JOIN timeline t ON t.validation_id = v.id
          WHERE t.from_state = 'held' AND t.to_state = 'queued' AND v.trusted = 0`,
  },
  {
    number: 4,
    rule: "a finished validation never changes, but for a dead one that is replayed",
    sql: `SELECT validation_id AS id, from_state || ' became ' || to_state AS problem FROM timeline
          WHERE from_state IN ${FINAL} AND to_state <> from_state AND NOT (from_state = 'dead' AND to_state = 'queued')`,
  },
  {
    number: 4,
    rule: "a validation has finished when, and only when, its state says so",
    sql: `SELECT id, state || ', finished at ' || coalesce(finished_at, 'never') AS problem FROM validations
          WHERE (state IN ${FINAL}) <> (finished_at IS NOT NULL)
             OR (state = 'completed') <> (conclusion IS NOT NULL)`,
  },
  {
    number: 4,
    rule: "no results wait for a callback that is recorded",
    sql: `SELECT r.id, 'its results are still apart' AS problem FROM timeline t
          CROSS JOIN callback_results r ON r.id = t.delivery_id`,
  },
  {
    number: 5,
    rule: "the report wanted agrees with the validation",
    sql: `SELECT v.id, 'state ' || v.state || ', report ' || coalesce(r.state, 'none') AS problem FROM validations v
          LEFT JOIN reports r ON r.validation_id = v.id
          WHERE r.validation_id IS NULL
             OR r.state <> CASE v.state WHEN 'dispatching' THEN 'queued' WHEN 'running' THEN r.state ELSE v.state END
             OR (v.state = 'running' AND r.state NOT IN ('pending', 'running'))
             OR r.conclusion IS NOT v.conclusion`,
  },
  {
    number: 5,
    rule: "what was posted is what was wanted",
    sql: `SELECT validation_id AS id, 'wanted ' || state || ', posted ' || coalesce(posted_state, 'nothing') AS problem
          FROM reports WHERE status = 'posted' AND posted_state IS NOT state`,
  },
  {
    number: 5,
    rule: "what GitHub shows of a commit is the worst of its open subjects",
    sql: `SELECT validation_id AS id, 'another run is shown of ' || head_sha AS problem FROM (${SELECT_SHOWN_RUNS})
          WHERE status IN ('posted', 'skipped') AND NOT leased AND wanted NOT IN ${STOPPED}
            AND last_post > post_number`,
  },
  {
    number: 5,
    rule: "no report of an open subject's head is left out",
    sql: `SELECT r.validation_id AS id, 'skipped: ' || r.reason AS problem FROM reports r
          WHERE r.status = 'skipped' AND r.priority >= 2 AND ${isNeeded("r")}`,
  },
  {
    number: 8,
    rule: "the state of a validation is the last one in its timeline",
    sql: `SELECT id, 'state ' || state || ', timeline ' || coalesce(timeline->>'$[#-1][3]', 'none') AS problem
          FROM validations WHERE timeline->>'$[#-1][3]' IS NOT state`,
  },
  {
    number: 8,
    rule: "a timeline has no gap",
    sql: `SELECT id, 'from ' || coalesce(from_state, 'nothing') || ' after ' || coalesce(before, 'nothing') AS problem FROM (
            SELECT validation_id AS id, from_state,
                   lag(to_state) OVER (PARTITION BY validation_id ORDER BY id) AS before FROM timeline)
          WHERE from_state IS NOT before`,
  },
  {
    number: 8,
    rule: "the delivery behind a validation is known, for as long as deliveries are kept",
    sql: `SELECT v.id, 'delivery ' || v.delivery_id || ' is not recorded' AS problem FROM validations v
          LEFT JOIN deliveries d ON d.id = v.delivery_id
          WHERE d.id IS NULL AND v.created_at > ${horizonOf("deliveries")}`,
  },
  {
    number: 8,
    rule: "the count of live validations agrees with the rows",
    sql: `SELECT coalesce(t.name, r.state) AS id, 'counted ' || coalesce(t.n, 0) || ', there are ' || coalesce(r.n, 0) AS problem
          FROM (SELECT state, count(*) AS n FROM validations WHERE state IN ${UNFINISHED} GROUP BY state) r
          FULL JOIN (SELECT name, n FROM tallies WHERE kind = 'standing') t ON t.name = r.state
          WHERE coalesce(t.n, 0) <> coalesce(r.n, 0)`,
  },
  {
    number: 8,
    rule: "the count of what has ended in a repository agrees with the rows",
    sql: `SELECT coalesce(t.key || ' ' || t.name, r.repository || ' ' || r.state) AS id,
                 'counted ' || coalesce(t.n, 0) || ', there are ' || coalesce(r.n, 0) AS problem
          FROM (SELECT repository, state, count(*) AS n FROM validations WHERE state IN ${FINAL}
                GROUP BY repository, state) r
          FULL JOIN (SELECT key, name, n FROM tallies WHERE kind = 'repository') t
            ON t.key = r.repository AND t.name = r.state
          WHERE coalesce(t.n, 0) <> coalesce(r.n, 0)`,
  },
  {
    number: 8,
    rule: "a dead validation has its dead letter",
    sql: `SELECT v.id, 'no dead letter' AS problem FROM validations v
          LEFT JOIN dead_letters l ON l.validation_id = v.id AND l.kind = 'dispatch'
          WHERE v.state = 'dead' AND l.id IS NULL`,
  },
];
