/** How the gateway does, in one round trip. */
import * as v from "valibot";
import type { Overview } from "../../api/overview.ts";
import { MAX_DATABASE_BYTES } from "../../domain/database-size.ts";
import type { Gate } from "../../domain/gate.ts";
import { percentilesOf } from "../../domain/histogram.ts";
import { VALIDATION_STATES } from "../../domain/validation.ts";
import { parseJson } from "../../text/json.ts";
import { parseShortened } from "../maintain/retention-state.ts";
import { parsePauses, SELECT_PAUSES } from "../pauses.ts";
import { EVENTS_GATE, GATE, GITHUB_GATE, parseGate, RETENTION_SHORTENED } from "../settings.ts";
import { hourOf, minuteOf, TOOK } from "../tallies.ts";

export type StoredOverview = Omit<Overview, "service" | "version" | "environment" | "timestamp">;

/** Reads it as of `now`. What has ended counts for a day, by the minute; the hours are whole ones. */
export async function loadOverview(db: D1Database, now: Date): Promise<StoredOverview> {
  const dayAgo = new Date(now.getTime() - 24 * 3_600_000).toISOString();
  const hourAgo = new Date(now.getTime() - 3_600_000).toISOString();
  const [states, waiting, settings, letters, effects, deliveries, hours, reused, pauses] = await db.batch<
    Record<string, unknown>
  >([
    db.prepare(SELECT_STATES).bind(minuteOf(dayAgo)),
    db.prepare(SELECT_WAITING),
    db
      .prepare("SELECT name, value FROM settings WHERE name IN (?1, ?2, ?3, ?4)")
      .bind(GATE, GITHUB_GATE, EVENTS_GATE, RETENTION_SHORTENED),
    db.prepare(SELECT_DEAD_LETTERS),
    db.prepare(SELECT_EFFECTS),
    db.prepare(SELECT_DELIVERIES).bind(minuteOf(hourAgo), minuteOf(dayAgo)),
    db.prepare(SELECT_HOURS).bind(hourOf(dayAgo)),
    db.prepare(SELECT_REUSED).bind(hourOf(dayAgo)),
    db.prepare(SELECT_PAUSES).bind(now.toISOString(), null),
  ]);
  const stored = new Map(
    v.parse(v.array(settingRow), settings?.results ?? []).map((row) => [row.name, row.value]),
  );
  const counts = v.parse(v.array(stateRow), states?.results ?? []);
  const effect = one(effectRow, effects?.results);
  return {
    states: { ...NONE, ...Object.fromEntries(counts.map(({ state, n }) => [state, n])) },
    waiting: one(waitingRow, waiting?.results),
    gates: [
      gateItem("grainchain", stored.get(GATE)),
      gateItem("github", stored.get(GITHUB_GATE)),
      // Without a sink, there is none.
      ...(stored.has(EVENTS_GATE) ? [gateItem("sink", stored.get(EVENTS_GATE))] : []),
    ],
    pauses: parsePauses(pauses?.results ?? []),
    dead_letters: v.parse(v.array(deadLetterRow), letters?.results ?? []),
    reports: { due: effect.reports_due, oldest_due_at: effect.oldest_report_at, dead: effect.reports_dead },
    cancels: { due: effect.cancels_due, dead: effect.cancels_dead },
    events: { oldest_at: effect.oldest_event_at },
    deliveries: one(deliveriesRow, deliveries?.results),
    reused_last_day: one(reusedRow, reused?.results).n,
    replays_running: effect.replays_running,
    database: {
      bytes: states?.meta.size_after ?? 0,
      max_bytes: MAX_DATABASE_BYTES,
      shortened: shortenedItem(stored.get(RETENTION_SHORTENED)),
    },
    hours: v.parse(v.array(hourRow), hours?.results ?? []).map(({ took, ...hour }) => ({
      ...hour,
      ...percentilesOf(took),
    })),
  };
}

const NONE = Object.fromEntries(VALIDATION_STATES.map((state) => [state, 0])) as Overview["states"];

const one = <Schema extends v.GenericSchema>(schema: Schema, rows: readonly unknown[] | undefined) =>
  v.parse(schema, rows?.[0]);

function gateItem(name: string, value: unknown): Overview["gates"][number] {
  const gate: Gate = parseGate(value);
  if (gate.state === "open")
    return { name, state: "open", reason: null, detail: null, since: null, until: null };
  const { state, reason, detail, since, until } = gate;
  return { name, state, reason, detail, since, until };
}

function shortenedItem(value: string | undefined): Overview["database"]["shortened"] {
  const shortened = parseShortened(parseJson(value));
  if (shortened === null) return null;
  const { since, deliveries_days, validations_days } = shortened;
  return { since, deliveries_days, validations_days };
}

const time = v.nullable(v.string());
const settingRow = v.object({ name: v.string(), value: v.string() });
const stateRow = v.object({ state: v.picklist(VALIDATION_STATES), n: v.number() });
const waitingRow = v.object({
  live: v.number(),
  replay: v.number(),
  backing_off: v.number(),
  oldest_at: time,
  next_due_at: time,
});
const deadLetterRow = v.object({
  kind: v.string(),
  class: v.string(),
  letters: v.number(),
  oldest_at: v.string(),
});
const effectRow = v.object({
  reports_due: v.number(),
  oldest_report_at: time,
  reports_dead: v.number(),
  cancels_due: v.number(),
  cancels_dead: v.number(),
  oldest_event_at: time,
  replays_running: v.number(),
});
const hourRow = v.object({
  hour: v.string(),
  validations: v.number(),
  succeeded: v.number(),
  failed_checks: v.number(),
  broken: v.number(),
  took: v.pipe(v.string(), v.parseJson(), v.record(v.string(), v.number())),
});
const deliveriesRow = v.object({ last_at: time, last_hour: v.number(), recovered_last_day: v.number() });

const reusedRow = v.object({ n: v.number() });

const SELECT_STATES = `
  SELECT name AS state, n FROM tallies WHERE kind = 'standing'
  UNION ALL
  SELECT name, sum(n) FROM tallies WHERE kind = 'ended' AND key >= ?1 GROUP BY name`;

/** What waits longest has the lowest turn of its lane, or is backing off: the first rows of each are read. */
const OLDEST_READY = (lane: number): string => `
    SELECT created_at FROM (SELECT created_at FROM validations WHERE state = 'queued' AND due_at IS NULL AND lane = ${lane}
                            ORDER BY turn, seq LIMIT 100)`;
const OLDEST_BACKING_OFF = `
    SELECT created_at FROM (SELECT created_at FROM validations WHERE state = 'queued' AND due_at IS NOT NULL
                            ORDER BY due_at LIMIT 100)`;
/** With the lanes of what is set aside because of its repository. */
const OLDEST_WAITING = [...[0, 1, 2, 3].map(OLDEST_READY), OLDEST_BACKING_OFF].join(" UNION ALL ");

/** Whatever the size of the backlog, only what backs off and what is replayed is counted. */
const SELECT_WAITING = `
  WITH
    backing AS MATERIALIZED (
      SELECT coalesce(sum(lane % 2), 0) AS replay, count(*) AS n, min(due_at) AS due_at FROM validations
      WHERE state = 'queued' AND due_at IS NOT NULL),
    replay AS MATERIALIZED (
      SELECT replay + (SELECT count(*) FROM validations WHERE state = 'queued' AND due_at IS NULL AND lane IN (1, 3)) AS n
      FROM backing)
  SELECT coalesce((SELECT n FROM tallies WHERE kind = 'standing' AND key = '' AND name = 'queued'), 0) - replay.n AS live,
         replay.n AS replay,
         backing.n AS backing_off,
         (SELECT min(created_at) FROM (${OLDEST_WAITING})) AS oldest_at,
         backing.due_at AS next_due_at
  FROM backing, replay`;

const SELECT_DEAD_LETTERS = `
  SELECT kind, class, count(*) AS letters, min(died_at) AS oldest_at FROM dead_letters
  WHERE status = 'open' GROUP BY kind, class ORDER BY kind, class`;

const SELECT_EFFECTS = `
  SELECT (SELECT count(*) FROM reports WHERE status = 'due') AS reports_due,
         (SELECT min(due_at) FROM reports WHERE status = 'due') AS oldest_report_at,
         (SELECT count(*) FROM dead_letters WHERE status = 'open' AND kind = 'report') AS reports_dead,
         (SELECT count(*) FROM cancels WHERE status = 'due') AS cancels_due,
         (SELECT count(*) FROM dead_letters WHERE status = 'open' AND kind = 'cancel') AS cancels_dead,
         (SELECT at FROM outgoing_events ORDER BY number LIMIT 1) AS oldest_event_at,
         (SELECT count(*) FROM replays WHERE status = 'running')
         + (SELECT count(*) FROM bulk_commands WHERE status = 'running') AS replays_running`;

const SELECT_DELIVERIES = `
  SELECT (SELECT received_at FROM deliveries WHERE seq = (SELECT max(seq) FROM deliveries)) AS last_at,
         (SELECT coalesce(sum(n), 0) FROM tallies WHERE kind = 'received' AND key >= ?1) AS last_hour,
         (SELECT coalesce(sum(n), 0) FROM tallies WHERE kind = 'recovered' AND key >= ?2) AS recovered_last_day`;

const SELECT_REUSED = `
  SELECT coalesce(sum(n), 0) AS n FROM tallies WHERE kind = 'hour' AND key >= ?1 AND name = 'reused'`;

const of = (name: string): string => `coalesce(sum(CASE name WHEN '${name}' THEN n END), 0)`;

const SELECT_HOURS = `
  SELECT key || ':00:00.000Z' AS hour, ${of("validations")} AS validations, ${of("succeeded")} AS succeeded,
         ${of("failed_checks")} AS failed_checks, ${of("broken")} AS broken,
         json_group_object(substr(name, ${TOOK.length + 1}), n) FILTER (WHERE name LIKE '${TOOK}%') AS took
  FROM tallies WHERE kind = 'hour' AND key >= ?1 GROUP BY key ORDER BY key DESC LIMIT 24`;
