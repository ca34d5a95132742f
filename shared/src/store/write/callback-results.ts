import type { GrainchainStatus } from "../../domain/validation.ts";
import { keepsLateResultsSql } from "../../runs/callback-limits.ts";

/** Stores results that are too large for a queue message until their callback is recorded. */
export async function storeCallbackResults(
  db: D1Database,
  callbackId: string,
  results: string,
  now: string,
): Promise<void> {
  await db
    .prepare("INSERT INTO callback_results (id, results, created_at) VALUES (?1, ?2, ?3)")
    .bind(callbackId, results, now)
    .run();
}

/**
 * The same for a callback with the capability of this validation: only if recording is going to keep them.
 * @returns whether they are kept
 */
export async function storeOwnCallbackResults(
  db: D1Database,
  callback: { readonly id: string; readonly validation_id: string; readonly status: GrainchainStatus },
  results: string,
  now: string,
): Promise<boolean> {
  const { meta } = await db
    .prepare(INSERT_OWN)
    .bind(callback.id, results, now, callback.validation_id, callback.status)
    .run();
  return meta.changes > 0;
}

const INSERT_OWN = `
  INSERT INTO callback_results (id, results, created_at)
  SELECT ?1, ?2, ?3 FROM validations WHERE id = ?4 AND (finished_at IS NULL OR ${keepsLateResultsSql("?5")})`;
