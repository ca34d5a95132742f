/** The facts that alerts are raised for, and the alerts that were sent. */
import * as v from "valibot";
import { isoTime } from "../../text/iso-time.ts";
import { EVENTS_GATE, GATE, GITHUB_GATE, parseGate, setting } from "../settings.ts";
import { minuteOf } from "../tallies.ts";

const PREFIX = "alert:";
const HOUR_MS = 3_600_000;
/** Refused access is counted over this time. */
const REFUSED_MS = 600_000;

/** Dead letters are counted up to this many. */
export const DEAD_LETTERS_COUNTED = 1000;

/** An alert that was sent, or is to be sent. */
const notifiedAlert = v.object({
  state: v.picklist(["firing", "resolved"]),
  text: v.string(),
  since: v.string(),
  /** The last state that was sent; null: none yet. */
  told: v.nullable(v.picklist(["firing", "resolved"])),
  attempts: v.number(),
  due_at: v.string(),
});
export type NotifiedAlert = v.InferOutput<typeof notifiedAlert>;

export interface AlertFacts {
  readonly gates: readonly { readonly name: string; readonly gate: ReturnType<typeof parseGate> }[];
  /** Dead letters of the last hour that are still open, at most {@link DEAD_LETTERS_COUNTED}. */
  readonly diedLastHour: number;
  /** Older dead letters are open too. */
  readonly olderDeadLettersOpen: boolean;
  readonly oldestWaitingAt: string | null;
  /** Deliveries of the last hour that never arrived and were fetched. */
  readonly recoveredLastHour: number;
  /** Validations that ended within the last hour, and those of them that broke. */
  readonly endedLastHour: number;
  readonly brokenLastHour: number;
  /** Requests of the last ten minutes that were refused access. */
  readonly refusedLately: number;
  readonly notified: ReadonlyMap<string, NotifiedAlert>;
  /** The same as stored, readable or not. */
  readonly stored: ReadonlyMap<string, string>;
}

/** Reads everything in one round trip. An hour that is counted by minutes begins with its first minute. */
export async function loadAlertFacts(db: D1Database, hourAgo: string): Promise<AlertFacts> {
  const lately = isoTime(Date.parse(hourAgo) + HOUR_MS - REFUSED_MS);
  const [settings, counts] = await db.batch<Record<string, unknown>>([
    db.prepare(SELECT_SETTINGS).bind(GATE, GITHUB_GATE, EVENTS_GATE, `${PREFIX}%`),
    db.prepare(SELECT_COUNTS).bind(minuteOf(hourAgo), hourAgo, DEAD_LETTERS_COUNTED, minuteOf(lately)),
  ]);
  const rows = v.parse(v.array(settingRow), settings?.results ?? []);
  const stored = (name: string): string | undefined => rows.find((row) => row.name === name)?.value;
  const alerts = new Map(
    rows.flatMap(({ name, value }): [string, string][] =>
      name.startsWith(PREFIX) ? [[name.slice(PREFIX.length), value]] : [],
    ),
  );
  const [count] = v.parse(v.tuple([countRow]), counts?.results);
  return {
    gates: [
      { name: "Grainchain", gate: parseGate(stored(GATE)) },
      { name: "GitHub", gate: parseGate(stored(GITHUB_GATE)) },
      { name: "sink", gate: parseGate(stored(EVENTS_GATE)) },
    ],
    diedLastHour: count.died,
    olderDeadLettersOpen: count.older_open === 1,
    oldestWaitingAt: count.oldest_waiting_at,
    recoveredLastHour: count.recovered,
    endedLastHour: count.ended,
    brokenLastHour: count.broken,
    refusedLately: count.refused,
    notified: new Map([...alerts].flatMap(notifiedEntry)),
    stored: alerts,
  };
}

/** The setting of an alert. */
export const alertSetting = (condition: string, value: NotifiedAlert) =>
  setting(`${PREFIX}${condition}`, value);

/** An alert to write in place of the one that was read. */
export interface AlertClaim {
  readonly condition: string;
  readonly stored: string | null;
  readonly next: NotifiedAlert;
}

/**
 * Writes the alerts that nothing else has written since they were read.
 * @returns their conditions
 */
export async function claimAlerts(
  db: D1Database,
  claims: readonly AlertClaim[],
  now: string,
): Promise<ReadonlySet<string>> {
  const bound = claims.map(({ condition, stored, next }) => ({ name: PREFIX + condition, stored, next }));
  const { results } = await db.prepare(CLAIM).bind(JSON.stringify(bound), now).all();
  const names = v.parse(v.array(v.object({ name: v.string() })), results);
  return new Set(names.map(({ name }) => name.slice(PREFIX.length)));
}

function notifiedEntry([condition, value]: [string, string]): [string, NotifiedAlert][] {
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), notifiedAlert), value);
  return parsed.success ? [[condition, parsed.output]] : [];
}

const settingRow = v.object({ name: v.string(), value: v.string() });
const countRow = v.object({
  died: v.number(),
  older_open: v.number(),
  oldest_waiting_at: v.nullable(v.string()),
  recovered: v.number(),
  ended: v.number(),
  broken: v.number(),
  refused: v.number(),
});

const SELECT_SETTINGS = "SELECT name, value FROM settings WHERE name IN (?1, ?2, ?3) OR name LIKE ?4";

const CLAIM = `
  INSERT INTO settings (name, value, updated_at)
  SELECT c.value->>'name', c.value->'next', ?2 FROM json_each(?1) c LEFT JOIN settings s ON s.name = c.value->>'name'
  WHERE s.value IS c.value->>'stored'
  ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at
  RETURNING name`;

/**
 * What waits longest has the lowest turn, or is backing off: only the first rows of both are read. Replayed work is as
 * old as it was when it died, and waits behind live work: it does not show how long live work waits.
 */
const SELECT_COUNTS = `
  SELECT
    (SELECT count(*) FROM (SELECT 1 FROM dead_letters WHERE status = 'open' AND died_at >= ?2 LIMIT ?3)) AS died,
    EXISTS (SELECT 1 FROM dead_letters WHERE status = 'open' AND died_at < ?2) AS older_open,
    (SELECT min(created_at) FROM (
       SELECT created_at FROM (SELECT coalesce(approved_at, created_at) AS created_at FROM validations WHERE state = 'queued' AND due_at IS NULL AND lane = 0
                               ORDER BY turn, seq LIMIT 100)
       UNION ALL
       SELECT created_at FROM (SELECT coalesce(approved_at, created_at) AS created_at FROM validations
                               WHERE state = 'queued' AND due_at IS NOT NULL AND lane = 0
                               ORDER BY due_at LIMIT 100))) AS oldest_waiting_at,
    (SELECT coalesce(sum(n), 0) FROM tallies WHERE kind = 'recovered' AND key >= ?1) AS recovered,
    (SELECT coalesce(sum(n), 0) FROM refusals WHERE minute > ?4) AS refused,
    ended, broken
  FROM (
    SELECT coalesce(sum(n), 0) AS ended, coalesce(sum(n * (name <> 'completed')), 0) AS broken FROM tallies
    WHERE kind = 'ended' AND key >= ?1 AND name IN ('completed', 'failed', 'timed_out', 'dead'))`;
