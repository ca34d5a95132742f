import type { D1Database } from "@cloudflare/workers-types";
import {
  deleteValidations,
  loadOldValidations,
} from "@webhook-gateway/shared/store/maintain/old-validations.ts";
import { CHUNK, deleteChunk, type Horizons } from "@webhook-gateway/shared/store/maintain/retention.ts";

/** A chunk of every kind, as retention deletes it without an archive. @returns the most that any kind had */
export async function deleteRound(db: D1Database, horizons: Horizons): Promise<number> {
  const old = await loadOldValidations(db, horizons, CHUNK);
  await deleteValidations(db, old, horizons);
  return Math.max(old.length, (await deleteChunk(db, horizons)).most);
}
