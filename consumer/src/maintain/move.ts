/** Rows of an earlier schema are moved before anything is decided from them: after an update, for as long as it takes. */
import { movePiece } from "@webhook-gateway/shared/store/maintain/move.ts";
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
const MOVED = new WeakSet<D1Database>();

/**
 * Moves what is left.
 * @param database of the environment, which outlives the invocation that `db` is of
 * @returns whether everything is moved
 */
export async function moveRows({ db, log, now }: MoveDeps, database: D1Database): Promise<boolean> {
  if (MOVED.has(database)) return true;
  const begunMs = now().getTime();
  let pieces = 0;
  try {
    while (await movePiece(db)) {
      pieces++;
      if (now().getTime() - begunMs >= MAX_MS || !hasRoom(db, "record")) {
        log.info("move.paused", { pieces });
        return false;
      }
    }
  } catch (thrown) {
    log.error("move.failed", { pieces, error: errorText(thrown) });
    return false;
  }
  if (pieces > 0) log.info("move.done", { pieces });
  MOVED.add(database);
  return true;
}
