/** Claims validations whose trace is to be exported. */
import * as v from "valibot";
import { CONCLUSIONS, VALIDATION_STATES } from "../../domain/validation.ts";
import type { Lease } from "./lease.ts";

const time = v.nullable(v.string());

const tracedRun = v.object({
  number: v.number(),
  id: v.string(),
  repository: v.string(),
  event: v.string(),
  pr_number: v.number(),
  pr_url: v.string(),
  ref: v.string(),
  head_sha: v.string(),
  run: v.number(),
  delivery_id: v.string(),
  grainchain_id: v.nullable(v.string()),
  state: v.picklist(VALIDATION_STATES),
  conclusion: v.nullable(v.picklist(CONCLUSIONS)),
  error: v.nullable(v.string()),
  received_at: time,
  created_at: v.string(),
  dispatched_at: time,
  finished_at: time,
  posted_at: time,
  /** Its state changes, in their order. */
  moves: v.pipe(
    v.string(),
    v.parseJson(),
    v.array(v.object({ at: v.string(), state: v.string(), reason: v.string() })),
  ),
});
export type TracedRun = v.InferOutput<typeof tracedRun>;

/** The oldest rows that a claim looks at. */
const AHEAD = 1000;

export interface ClaimedTraces {
  /** The rows that were claimed. */
  readonly items: readonly number[];
  /** Those whose validation still exists. */
  readonly runs: readonly TracedRun[];
}

/** Claims what is due by putting off its time until the lease has run out. */
export async function claimTraces(
  db: D1Database,
  { now, leaseUntil, limit }: Omit<Lease, "leaseId">,
): Promise<ClaimedTraces> {
  const claimed = await db.prepare(CLAIM).bind(now, leaseUntil, limit).all<{ number: number }>();
  const items = claimed.results.map(({ number }) => number);
  if (items.length === 0) return { items, runs: [] };
  const { results } = await db.prepare(SELECT_CLAIMED).bind(JSON.stringify(items)).all();
  return { items, runs: v.parse(v.array(tracedRun), results) };
}

/** Deletes what was exported, unless the lease has run out. */
export async function deleteTraces(
  db: D1Database,
  numbers: readonly number[],
  leaseUntil: string,
): Promise<void> {
  await db.prepare(DELETE).bind(JSON.stringify(numbers), leaseUntil).run();
}

/** Whether there is something to export, at any time. */
export async function hasTraces(db: D1Database): Promise<boolean> {
  return (await db.prepare("SELECT 1 FROM outgoing_traces LIMIT 1").first()) !== null;
}

const CLAIM = `
  UPDATE outgoing_traces SET due_at = ?2 WHERE number IN (
    SELECT number FROM (SELECT number, due_at FROM outgoing_traces ORDER BY number LIMIT ${AHEAD})
    WHERE due_at <= ?1 LIMIT ?3)
  RETURNING number`;

const SELECT_CLAIMED = `
  SELECT t.number, v.id, v.repository, v.event, v.pr_number, v.pr_url, v.ref, v.head_sha, v.run, v.delivery_id,
         v.grainchain_id, v.state, v.conclusion, v.error, d.received_at, v.created_at, v.dispatched_at, v.finished_at,
         r.posted_at,
         (SELECT json_group_array(json_object('at', m.at, 'state', m.to_state, 'reason', m.reason)) FROM (
            SELECT at, to_state, reason FROM timeline
            WHERE validation_id = v.id AND from_state IS NOT to_state ORDER BY id LIMIT 50) m) AS moves
  FROM json_each(?1) k CROSS JOIN outgoing_traces t ON t.number = k.value
    CROSS JOIN validations v ON v.id = t.validation_id
    LEFT JOIN deliveries d ON d.id = v.delivery_id
    LEFT JOIN reports r ON r.validation_id = v.id`;

const DELETE = `
  DELETE FROM outgoing_traces WHERE number IN (SELECT value FROM json_each(?1)) AND due_at = ?2`;
