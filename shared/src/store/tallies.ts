/**
 * Counts for pages and alerts. They are updated in the transaction of every change, so that showing them reads a few
 * rows whatever the traffic, and updating them writes a few rows a batch.
 */
import { bucketOf, bucketSql } from "../domain/histogram.ts";
import { isFinal } from "../domain/validation.ts";
import type { DeliveryRow, TimelineEntry } from "./rows.ts";
import { unplanned } from "./sql/parameter.ts";
import type { Validation } from "./validation-row.ts";

/**
 * - `received`, `recovered`: deliveries, by minute.
 * - `standing`: validations that have not ended, by state, with those that are held.
 * - `ended`: validations by the minute in which they ended, by state.
 * - `hour`: validations by the hour in which they were created, and their outcome.
 * - `repository`: validations that have ended and are still there, by repository and state.
 */
export type TallyKind = "received" | "recovered" | "standing" | "ended" | "hour" | "repository";

/** What is to be added to a count. */
export interface Tally {
  readonly kind: TallyKind;
  readonly key: string;
  readonly name: string;
  readonly n: number;
}

/** The minute and the hour of a time, as keys. */
export const minuteOf = (time: string): string => time.slice(0, 16);
export const hourOf = (time: string): string => time.slice(0, 13);

/** What recording these rows adds to the counts. */
export function talliesOf(
  deliveries: readonly DeliveryRow[],
  validations: readonly Validation[],
  timeline: readonly TimelineEntry[],
): Tally[] {
  const rows = new Map(validations.map((row) => [row.id, row]));
  const moves = timeline.filter(({ from_state, to_state }) => from_state !== to_state);
  return summed([
    ...deliveries.flatMap(({ received_at, recovered_at }) => [
      tally("received", minuteOf(received_at), "", 1),
      ...(recovered_at === null ? [] : [tally("recovered", minuteOf(recovered_at), "", 1)]),
    ]),
    ...moves.flatMap((move) => {
      const row = rows.get(move.validation_id);
      return row === undefined ? [] : moved(row, move);
    }),
  ]);
}

/** Before the name of a bucket (domain/histogram.ts). In earlier versions, `ended` counted all of them. */
export const TOOK = "ms:";

const BROKEN: readonly string[] = ["failed", "dead", "timed_out"];

function moved(row: Validation, { at, from_state: from, to_state: to }: TimelineEntry): Tally[] {
  const hour = (name: string, n: number) => tally("hour", hourOf(row.created_at), name, n);
  const left =
    from === null
      ? [hour("validations", 1)]
      : isFinal(from)
        ? [tally("repository", row.repository, from, -1), hour("broken", BROKEN.includes(from) ? -1 : 0)]
        : [tally("standing", "", from, -1)];
  if (!isFinal(to)) return [...left, tally("standing", "", to, 1)];
  const end = row.finished_at ?? at;
  const ended = [...left, tally("repository", row.repository, to, 1), tally("ended", minuteOf(end), to, 1)];
  // What never ran took no time.
  if (to === "skipped") return ended;
  if (row.reused_from !== null) return [...ended, hour("succeeded", 1), hour("reused", 1)];
  const tookMs = Date.parse(end) - Date.parse(row.approved_at ?? row.created_at);
  return [
    ...ended,
    hour(`${TOOK}${bucketOf(tookMs)}`, 1),
    hour("duration_ms", tookMs),
    hour("broken", BROKEN.includes(to) ? 1 : 0),
    hour("succeeded", row.conclusion === "success" ? 1 : 0),
    hour("failed_checks", row.conclusion === "failure" ? 1 : 0),
  ];
}

const tally = (kind: TallyKind, key: string, name: string, n: number): Tally => ({ kind, key, name, n });

/** One of each kind, key and name; what adds nothing is left out. */
function summed(all: readonly Tally[]): Tally[] {
  const groups = Map.groupBy(all, ({ kind, key, name }) => JSON.stringify([kind, key, name]));
  return [...groups.values()].flatMap((group) => {
    const n = group.reduce((sum, one) => sum + one.n, 0);
    return n === 0 ? [] : group.slice(0, 1).map((one) => ({ ...one, n }));
  });
}

const ADD = "ON CONFLICT (kind, key, name) DO UPDATE SET n = n + excluded.n";

/** Adds what {@link talliesOf} says, as JSON. */
export const ADD_TALLIES = `
  INSERT INTO tallies (kind, key, name, n)
  SELECT value->>'kind', value->>'key', value->>'name', value->>'n' FROM json_each(?1) WHERE true
  ${ADD}`;

/** Validations under the lease ?1, which lasts until ?2. An index has the time. */
export const CLAIMED = `lease_id = ${unplanned("?1")} AND lease_until = ${unplanned("?2")}`;

/** Validations under the lease were queued before, and are being dispatched. */
export const TALLY_CLAIM = `
  INSERT INTO tallies (kind, key, name, n)
  SELECT 'standing', '', moved.value->>0, moved.value->>1 * (SELECT count(*) FROM validations WHERE ${CLAIMED})
  FROM json_each('[["queued", -1], ["dispatching", 1]]') moved
  WHERE EXISTS (SELECT 1 FROM validations WHERE ${CLAIMED})
  ${ADD}`;

/** Subtracts validations that are about to be deleted. @param ids a query for their ids, whose parameters are given with it */
export const untally = (ids: string): string => `
  INSERT INTO tallies (kind, key, name, n)
  SELECT 'repository', v.repository, v.state, -count(*) FROM validations v WHERE v.id IN (${ids})
  GROUP BY v.repository, v.state
  ${ADD}`;

/** The counts by a time that are older. ?1 */
export const DELETE_OLD_TALLIES = `
  DELETE FROM tallies WHERE kind IN ('received', 'recovered', 'ended', 'hour') AND key < ?1`;

/**
 * Counts everything again, from every row: for rows that something else than the gateway has written. Endings that a
 * replay has undone are not known any more.
 */
export async function recountTallies(db: D1Database): Promise<void> {
  const count = (kind: TallyKind, key: string, name: string, from: string): string =>
    `INSERT INTO tallies (kind, key, name, n) SELECT '${kind}', ${key}, ${name}, count(*) FROM ${from} GROUP BY 2, 3`;
  await db.batch(
    [
      "DELETE FROM tallies",
      count("received", "substr(received_at, 1, 16)", "''", "deliveries"),
      count("recovered", "substr(recovered_at, 1, 16)", "''", "deliveries WHERE recovered_at IS NOT NULL"),
      count("standing", "''", "state", `validations WHERE state IN ${UNFINISHED}`),
      count("ended", "substr(finished_at, 1, 16)", "state", "validations WHERE finished_at IS NOT NULL"),
      count("repository", "repository", "state", `validations WHERE state NOT IN ${UNFINISHED}`),
      RECOUNT_HOURS,
      RECOUNT_DURATIONS,
    ].map((sql) => db.prepare(sql)),
  );
}

const UNFINISHED = "('held', 'queued', 'dispatching', 'pending', 'running')";

const RECOUNT_HOURS = `
  INSERT INTO tallies (kind, key, name, n)
  SELECT 'hour', h.hour, j.key, j.value FROM (
    SELECT substr(created_at, 1, 13) AS hour,
           json_object('validations', count(*), 'succeeded', coalesce(sum(conclusion = 'success'), 0),
                       'failed_checks', coalesce(sum(conclusion = 'failure'), 0),
                       'broken', sum(state IN ('failed', 'dead', 'timed_out')), 'reused', count(reused_from),
                       'duration_ms', CAST(round(coalesce(
                         sum((julianday(finished_at) - julianday(coalesce(approved_at, created_at))) * 86400000), 0)) AS INTEGER)) AS counts
    FROM validations GROUP BY hour) h, json_each(h.counts) j`;

const TOOK_MS =
  "CAST(round((julianday(finished_at) - julianday(coalesce(approved_at, created_at))) * 86400000) AS INTEGER)";

const RECOUNT_DURATIONS = `
  INSERT INTO tallies (kind, key, name, n)
  SELECT 'hour', substr(created_at, 1, 13), '${TOOK}' || ${bucketSql(TOOK_MS)}, count(*) FROM validations
  WHERE finished_at IS NOT NULL AND state <> 'skipped' AND reused_from IS NULL GROUP BY 2, 3`;
