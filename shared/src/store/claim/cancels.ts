/** Cancels to send to Grainchain: an outbox, one row a validation. */
import * as v from "valibot";
import { flag } from "../flag.ts";
import { GATE, parseGate } from "../settings.ts";
import type { Lease } from "./lease.ts";

const cancelRow = v.object({
  validation_id: v.string(),
  grainchain_id: v.string(),
  attempts: v.number(),
  wanted_at: v.string(),
  /** Another live validation has this id: canceling it would end that one. */
  shared: flag,
});
export type Cancel = v.InferOutput<typeof cancelRow>;

export interface ClaimedCancels {
  /** One at most while Grainchain is unavailable. */
  readonly items: readonly Cancel[];
  /** Dispatches do not get through either. */
  readonly unavailable: boolean;
}

/** Claims cancels that are due by putting off their time until the lease has run out. */
export async function claimCancels(
  db: D1Database,
  { now, leaseUntil, limit }: Omit<Lease, "leaseId">,
): Promise<ClaimedCancels> {
  const [gates, claimed] = await db.batch<Record<string, unknown>>([
    db.prepare("SELECT value FROM settings WHERE name = ?1").bind(GATE),
    db.prepare(CLAIM_CANCELS).bind(now, leaseUntil, limit),
  ]);
  const gate = parseGate(gates?.results[0]?.value);
  const items = v.parse(v.array(cancelRow), claimed?.results);
  return { items, unavailable: gate.state === "closed" && gate.reason === "unavailable" };
}

const CLAIM_CANCELS = `
  UPDATE cancels SET due_at = ?2 WHERE validation_id IN (
    SELECT validation_id FROM cancels WHERE status = 'due' AND due_at <= ?1 ORDER BY due_at
    LIMIT CASE WHEN EXISTS (SELECT 1 FROM settings WHERE name = '${GATE}'
                              AND CASE WHEN json_valid(value) THEN value->>'state' = 'closed'
                                         AND value->>'reason' = 'unavailable' END) THEN 1 ELSE ?3 END)
  RETURNING validation_id, grainchain_id, attempts, wanted_at, EXISTS (
    SELECT 1 FROM validations other WHERE other.grainchain_id = cancels.grainchain_id
      AND other.id <> cancels.validation_id AND other.finished_at IS NULL) AS shared`;
