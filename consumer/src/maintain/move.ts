/** Rows of an earlier schema are moved before anything is decided from them: after an update, for as long as it takes. */
import { type Moved, movePiece } from "@webhook-gateway/shared/store/maintain/move.ts";
import { errorText, type Log } from "@webhook-gateway/shared/telemetry/log.ts";
import { hasRoom } from "../effects/queries.ts";

export interface MoveDeps {
  readonly db: D1Database;
  readonly log: Log;
  readonly now: () => Date;
}

/** An invocation has 15 min. The next one goes on with it. */
const MAX_MS = 5 * 60_000;

/** Databases without such rows: they will have none again. */
const DONE: Readonly<Record<Moved, WeakSet<D1Database>>> = {
  "live work": new WeakSet(),
  everything: new WeakSet(),
};

/**
 * Moves what is left.
 * @param database of the environment, which outlives the invocation that `db` is of
 * @returns whether all of it is moved
 */
export async function moveRows(
  { db, log, now }: MoveDeps,
  database: D1Database,
  what: Moved,
): Promise<boolean> {
  if (DONE[what].has(database)) return true;
  const begunMs = now().getTime();
  let pieces = 0;
  try {
    while (await movePiece(db, what)) {
      pieces++;
      if (now().getTime() - begunMs >= MAX_MS || !hasRoom(db, "record")) {
        log.info("move.paused", { what, pieces });
        return false;
      }
    }
  } catch (thrown) {
    log.error("move.failed", { what, pieces, error: errorText(thrown) });
    return false;
  }
  if (pieces > 0) log.info("move.done", { what, pieces });
  DONE[what].add(database);
  return true;
}
