/** What alerts are raised for, read from D1; and which of them have been told. */
import * as v from "valibot";
import { GATE, GITHUB_GATE, parseGate } from "./settings.ts";

const PREFIX = "alert:";

/** A condition that was told, or is to be. */
const told = v.object({
  state: v.picklist(["firing", "resolved"]),
  text: v.string(),
  since: v.string(),
  /** What the receiver has been told last; null: nothing yet. */
  told: v.nullable(v.picklist(["firing", "resolved"])),
  attempts: v.number(),
  due_at: v.string(),
});
export type ToldAlert = v.InferOutput<typeof told>;

export interface AlertFacts {
  readonly gates: readonly { readonly name: string; readonly gate: ReturnType<typeof parseGate> }[];
  readonly openLetters: number;
  readonly oldestWaitingAt: string | null;
  /** Deliveries that never came and were fetched, within the last hour. */
  readonly recoveredLastHour: number;
  /** Validations that ended within the last hour, and those of them that broke. */
  readonly endedLastHour: number;
  readonly brokenLastHour: number;
  readonly told: ReadonlyMap<string, ToldAlert>;
}

/** Reads everything in one round trip. */
export async function loadAlertFacts(db: D1Database, hourAgo: string): Promise<AlertFacts> {
  const [settings, counts] = await db.batch<Record<string, unknown>>([
    db.prepare(SELECT_SETTINGS).bind(GATE, GITHUB_GATE, `${PREFIX}%`),
    db.prepare(SELECT_COUNTS).bind(hourAgo),
  ]);
  const rows = v.parse(v.array(settingRow), settings?.results ?? []);
  const stored = (name: string): string | undefined => rows.find((row) => row.name === name)?.value;
  const [count] = v.parse(v.tuple([countRow]), counts?.results);
  return {
    gates: [
      { name: "Grainchain", gate: parseGate(stored(GATE)) },
      { name: "GitHub", gate: parseGate(stored(GITHUB_GATE)) },
    ],
    openLetters: count.open_letters,
    oldestWaitingAt: count.oldest_waiting_at,
    recoveredLastHour: count.recovered,
    endedLastHour: count.ended,
    brokenLastHour: count.broken,
    told: new Map(rows.flatMap(toldEntry)),
  };
}

/** The setting of an alert. */
export const alertSetting = (condition: string, value: ToldAlert) => ({
  name: `${PREFIX}${condition}`,
  value,
});

function toldEntry({ name, value }: { name: string; value: string }): [string, ToldAlert][] {
  if (!name.startsWith(PREFIX)) return [];
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), told), value);
  return parsed.success ? [[name.slice(PREFIX.length), parsed.output]] : [];
}

const settingRow = v.object({ name: v.string(), value: v.string() });
const countRow = v.object({
  open_letters: v.number(),
  oldest_waiting_at: v.nullable(v.string()),
  recovered: v.number(),
  ended: v.number(),
  broken: v.number(),
});

const SELECT_SETTINGS = "SELECT name, value FROM settings WHERE name IN (?1, ?2) OR name LIKE ?3";

/** What waits longest in its lane has the lowest turn, or is backing off: no more than the heads of both are read. */
const SELECT_COUNTS = `
  SELECT
    (SELECT count(*) FROM dead_letters WHERE status = 'open') AS open_letters,
    (SELECT min(created_at) FROM (
       SELECT created_at FROM (SELECT created_at FROM validations WHERE state = 'queued' AND due_at IS NULL
                               ORDER BY lane, turn, id LIMIT 100)
       UNION ALL
       SELECT created_at FROM (SELECT created_at FROM validations WHERE state = 'queued' AND due_at IS NOT NULL
                               ORDER BY due_at LIMIT 100))) AS oldest_waiting_at,
    (SELECT count(*) FROM deliveries WHERE recovered_at >= ?1) AS recovered,
    (SELECT count(*) FROM validations WHERE finished_at >= ?1 AND state IN ('completed', 'failed', 'timed_out', 'dead'))
      AS ended,
    (SELECT count(*) FROM validations WHERE finished_at >= ?1 AND state IN ('failed', 'timed_out', 'dead')) AS broken`;
