/** What came of a delivery, as far as it is known. */
import type { D1Database } from "@cloudflare/workers-types";
import * as v from "valibot";

const stepRow = v.object({ id: v.number(), at: v.string(), to_state: v.string() });
const endRow = v.object({
  id: v.string(),
  state: v.string(),
  conclusion: v.nullable(v.string()),
  error: v.nullable(v.string()),
  finished_at: v.string(),
  /** Of the report to GitHub. */
  status: v.string(),
  reason: v.nullable(v.string()),
});

/** The moves that the delivery's validation has made, but for the last one. @param afterId of the last one seen */
export async function loadSteps(db: D1Database, deliveryId: string, afterId: number) {
  const { results } = await db.prepare(SELECT_STEPS).bind(deliveryId, afterId).all();
  return v.parse(v.array(stepRow), results);
}

/** The end of the delivery's validation, once it is reported; null before. */
export async function loadEnd(db: D1Database, deliveryId: string) {
  return v.parse(v.nullable(endRow), await db.prepare(SELECT_END).bind(deliveryId).first());
}

const SELECT_STEPS = `
  SELECT t.id, t.at, t.to_state FROM timeline t
  WHERE t.validation_id IN (SELECT validation_id FROM deliveries WHERE id = ?1) AND t.id > ?2
    AND t.from_state IS NOT t.to_state AND t.to_state <> 'completed' ORDER BY t.id`;

const SELECT_END = `
  SELECT v.id, v.state, v.conclusion, v.error, v.finished_at, r.status, r.reason FROM deliveries d
    JOIN validations v ON v.id = d.validation_id JOIN reports r ON r.validation_id = v.id
  WHERE d.id = ?1 AND v.finished_at IS NOT NULL AND r.status <> 'due'`;
