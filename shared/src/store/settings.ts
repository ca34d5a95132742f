/** Names in the `settings` table. */
import * as v from "valibot";
import { type Gate, OPEN_GATE } from "../domain/gate.ts";
import { isFull } from "./unavailable.ts";

export const GATE = "gate:grainchain";
/** Closed while GitHub refuses the credentials, or is unavailable. */
export const GITHUB_GATE = "gate:github";
/** Closed while the sink of events refuses them, is full, or is unavailable. */
export const EVENTS_GATE = "gate:events";
/** The turn that claims have reached, of live and of replayed work. */
export const TURN = "turn";
export const REPLAY_TURN = "turn:replay";
/** When and how Grainchain last answered. */
export const GRAINCHAIN_SEEN = "seen:grainchain";
/** When the consumer's cron last ran. */
export const CONSUMER_SEEN = "seen:consumer";
/** Grainchain has no batch endpoint; not asked again before this time. */
export const NO_BATCH_UNTIL = "grainchain:no-batch-until";
/** When old rows are deleted next. */
export const RETENTION_DUE = "retention:due";
/** What was deleted last: everything before it may be gone. */
export const RETENTION_HORIZON = "retention:horizon";
/** Since when, and by how much, a database that would fill up keeps less than the configuration says. */
export const RETENTION_SHORTENED = "retention:shortened";
/** The last validation whose results were looked at, of those that are archived early. */
export const RETENTION_EARLY = "retention:early";

/** The mutation that stores a setting. */
export const setting = (name: string, value: unknown) => ({ kind: "setting", row: { name, value } }) as const;

/** Stores a gate. One that was open and stays open is not written: another invocation may have closed it meanwhile. */
export const movedGate = (name: string, before: Gate, next: Gate) =>
  before.state === "closed" || next.state === "closed" ? [setting(name, next)] : [];

const gateSchema = v.variant("state", [
  v.object({ state: v.literal("open") }),
  v.object({
    state: v.literal("closed"),
    reason: v.picklist(["backpressure", "configuration", "unavailable"]),
    detail: v.string(),
    since: v.string(),
    until: v.string(),
    step: v.number(),
    down: v.optional(v.boolean()),
  }),
]);

const storedGate = v.pipe(v.string(), v.parseJson(), gateSchema);

/** Reads a stored gate. One that is missing or unreadable is open. */
export function parseGate(value: unknown): Gate {
  const parsed = v.safeParse(storedGate, value);
  return parsed.success ? parsed.output : OPEN_GATE;
}

/**
 * Replaces the gate in front of Grainchain, unless it has changed since it was read.
 * @returns whether it was replaced
 */
export async function replaceGate(db: D1Database, read: Gate, next: Gate, now: string): Promise<boolean> {
  const bound = [JSON.stringify(next), now, JSON.stringify(read)];
  const { meta } = await db
    .prepare(REPLACE_GATE)
    .bind(...bound)
    .run();
  return meta.changes > 0;
}

/** Of every field that a change of the gate changes. */
const REPLACE_GATE = `
  UPDATE settings SET value = ?1, updated_at = ?2
  WHERE name = '${GATE}' AND value->>'state' = ?3->>'state' AND value->>'until' = ?3->>'until'
    AND value->>'step' = ?3->>'step'`;

const seenSchema = v.object({ at: v.string(), outcome: v.string(), detail: v.string() });

/** Grainchain's last answer: `ok` or a failure class. */
export type Seen = v.InferOutput<typeof seenSchema>;

/** The settings that dispatching and health read. */
export interface DispatchSettings {
  readonly gate: Gate;
  readonly seen: Seen | undefined;
  readonly noBatchUntil: string | undefined;
  /** When the consumer's cron last ran. */
  readonly consumerSeenAt: string | undefined;
}

export const SELECT_DISPATCH_SETTINGS = `
  SELECT name, value FROM settings
  WHERE name IN ('${GATE}', '${GRAINCHAIN_SEEN}', '${NO_BATCH_UNTIL}', '${CONSUMER_SEEN}')`;

const settingRows = v.array(v.object({ name: v.string(), value: v.pipe(v.string(), v.parseJson()) }));

/** Reads the rows of {@link SELECT_DISPATCH_SETTINGS}; an unreadable value counts as missing. */
export function parseDispatchSettings(rows: readonly unknown[]): DispatchSettings {
  const values = new Map(v.parse(settingRows, rows).map((row) => [row.name, row.value]));
  const gate = v.safeParse(gateSchema, values.get(GATE));
  const seen = v.safeParse(seenSchema, values.get(GRAINCHAIN_SEEN));
  const noBatchUntil = v.safeParse(v.string(), values.get(NO_BATCH_UNTIL));
  const consumerSeenAt = v.safeParse(v.string(), values.get(CONSUMER_SEEN));
  return {
    gate: gate.success ? gate.output : OPEN_GATE,
    seen: seen.success ? seen.output : undefined,
    noBatchUntil: noBatchUntil.success ? noBatchUntil.output : undefined,
    consumerSeenAt: consumerSeenAt.success ? consumerSeenAt.output : undefined,
  };
}

/** Reads them from D1, which also says how large it is. */
export async function loadDispatchSettings(
  db: D1Database,
): Promise<DispatchSettings & { readonly databaseBytes: number }> {
  const { results, meta } = await db.prepare(SELECT_DISPATCH_SETTINGS).all();
  return { ...parseDispatchSettings(results), databaseBytes: meta.size_after };
}

/**
 * Stores that the consumer's cron ran. It is a write, which a database that only answers reads does not pass. One that is
 * full cannot take it, and says so: it is not away.
 * @returns the size of the database, in bytes
 */
export async function storeHeartbeat(db: D1Database, now: string): Promise<number> {
  try {
    const { meta } = await db.prepare(STORE_HEARTBEAT).bind(CONSUMER_SEEN, now).run();
    return meta.size_after;
  } catch (thrown) {
    if (!isFull(thrown)) throw thrown;
    const { meta } = await db.prepare("SELECT 1").run();
    return meta.size_after;
  }
}

const STORE_HEARTBEAT = `
  INSERT INTO settings (name, value, updated_at) VALUES (?1, json_quote(?2), ?2)
  ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at`;
