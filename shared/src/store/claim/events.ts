/** Claims state changes that are to be sent to another system. */
import * as v from "valibot";
import type { Gate } from "../../domain/gate.ts";
import { CONCLUSIONS, VALIDATION_STATES } from "../../domain/validation.ts";
import { EVENTS_GATE, parseGate } from "../settings.ts";
import type { Lease } from "./lease.ts";

const state = v.picklist(VALIDATION_STATES);

const dueEvent = v.object({
  number: v.number(),
  validation_id: v.string(),
  sequence: v.number(),
  at: v.string(),
  from_state: v.nullable(state),
  to_state: state,
  conclusion: v.nullable(v.picklist(CONCLUSIONS)),
  reason: v.string(),
  attempts: v.number(),
  /** Of the validation. Null: it was deleted. */
  repository: v.nullable(v.string()),
  pr_number: v.nullable(v.number()),
  pr_url: v.nullable(v.string()),
  event: v.nullable(v.string()),
  ref: v.nullable(v.string()),
  head_sha: v.nullable(v.string()),
  base_sha: v.nullable(v.string()),
  run: v.nullable(v.number()),
  delivery_id: v.nullable(v.string()),
  error: v.nullable(v.string()),
  grainchain_id: v.nullable(v.string()),
  /** Of a change that ended it, if they are wanted. */
  results: v.nullable(v.string()),
});
export type DueEvent = v.InferOutput<typeof dueEvent>;

/** The oldest events that a claim looks at: it costs the same, however many there are. */
const AHEAD = 1000;

/**
 * Claims the oldest events. Those of a validation stay in order: while one of them is leased or backs off, no later one
 * is claimed. A closed gate lets nothing through until its time, then one.
 * @param results whether the results of a run that has ended are read, too
 */
export async function claimEvents(
  db: D1Database,
  { now, leaseUntil, limit }: Omit<Lease, "leaseId">,
  results: boolean,
): Promise<{ readonly events: readonly DueEvent[]; readonly gate: Gate }> {
  const [gates, claimed] = await db.batch<Record<string, unknown>>([
    db.prepare("SELECT value FROM settings WHERE name = ?1").bind(EVENTS_GATE),
    db.prepare(CLAIM).bind(now, leaseUntil, limit),
    db.prepare(HOLD_GATE_FOR_PROBE).bind(now, leaseUntil),
  ]);
  const gate = parseGate(gates?.results[0]?.value);
  const numbers = claimed?.results.map(({ number }) => number) ?? [];
  if (numbers.length === 0) return { events: [], gate };
  const rows = await db.prepare(SELECT_CLAIMED).bind(JSON.stringify(numbers), Number(results)).all();
  return { events: v.parse(v.array(dueEvent), rows.results), gate };
}

/** Whether there is an event to send, at any time. */
export async function hasEvents(db: D1Database): Promise<boolean> {
  return (await db.prepare("SELECT 1 FROM outgoing_events LIMIT 1").first()) !== null;
}

/** A probe is the first event of the validation that was tried least: one that always fails must not block all others. */
const CLAIM = `
  UPDATE outgoing_events SET due_at = ?2 WHERE number IN (
    WITH
      ahead AS MATERIALIZED (
        SELECT number, validation_id, due_at, attempts FROM outgoing_events ORDER BY number LIMIT ${AHEAD}),
      free AS MATERIALIZED (
        SELECT validation_id, min(number) AS first, max(attempts) AS attempts FROM ahead
        GROUP BY validation_id HAVING max(due_at) <= ?1),
      gate AS MATERIALIZED (
        SELECT value->>'until' AS until FROM settings WHERE name = '${EVENTS_GATE}' AND value->>'state' = 'closed')
    SELECT a.number FROM free f CROSS JOIN ahead a ON a.validation_id = f.validation_id
    WHERE NOT EXISTS (SELECT 1 FROM gate) OR a.number = f.first
    ORDER BY CASE WHEN EXISTS (SELECT 1 FROM gate) THEN f.attempts END, a.number
    LIMIT coalesce((SELECT until <= ?1 FROM gate), ?3))
  RETURNING number`;

/** While one probe is under way, no other one is sent. */
const HOLD_GATE_FOR_PROBE = `
  UPDATE settings SET value = json_set(value, '$.until', ?2), updated_at = ?1
  WHERE name = '${EVENTS_GATE}' AND value->>'state' = 'closed' AND EXISTS (
    SELECT 1 FROM (SELECT due_at FROM outgoing_events ORDER BY number LIMIT ${AHEAD}) WHERE due_at = ?2)`;

const SELECT_CLAIMED = `
  SELECT e.number, e.validation_id, e.sequence, e.at, e.from_state, e.to_state, e.conclusion, e.reason, e.attempts,
         v.repository, v.pr_number, v.pr_url, v.event, v.ref, v.head_sha, v.base_sha, v.run, v.delivery_id, v.error, v.grainchain_id,
         CASE WHEN ?2 AND e.to_state IN ('completed', 'failed') THEN v.results END AS results
  FROM json_each(?1) k CROSS JOIN outgoing_events e ON e.number = k.value
    LEFT JOIN validations v ON v.id = e.validation_id
  ORDER BY e.number`;
