/** Keeps what one invocation calls within the shares of its connections and of its D1 queries. */
import type { Archive } from "@webhook-gateway/shared/archive/archive.ts";
import type { WakeUp } from "@webhook-gateway/shared/messages/wake-up.ts";
import { type Limit, limitedDatabase, type Queries } from "@webhook-gateway/shared/store/limited-database.ts";
import pLimit from "p-limit";
import type { Heartbeats } from "../maintain/sentinel.ts";
import { QUERIES } from "./queries.ts";
import { SHARES } from "./shares.ts";

/** What is called. Grainchain and GitHub have clients of their own, which keep to their shares. */
interface Called {
  readonly db: D1Database;
  readonly archive?: Archive | undefined;
  readonly work: Pick<Queue<WakeUp>, "send">;
  readonly sentinel: Heartbeats;
  readonly fetch: typeof fetch;
}

/** Alerts have their own connection; without alerts the event sink uses it. */
export interface Watch {
  readonly watchDb: D1Database;
  readonly alertFetch: typeof fetch;
  /** For an invocation that sends no alerts. */
  readonly sinkFetch: typeof fetch;
}

/** @returns the same within its shares */
export function withinShares<Deps extends Called>(deps: Deps): Deps & Watch {
  const [watch, storage] = [pLimit(SHARES.watch), pLimit(SHARES.storage)];
  const { db, archive, work, sentinel } = deps;
  const queries = { left: QUERIES.work };
  return {
    ...deps,
    db: limitedDatabase(db, storage, queries),
    watchDb: limitedDatabase(db, storage, { left: QUERIES.watch }),
    // Each activity that uses it has a share of its own for it.
    archive: archiveWithin(archive, countedBy(queries)),
    work: { send: (message, options) => storage(() => work.send(message, options)) },
    sentinel: {
      heard: () => watch(() => sentinel.heard()),
      answered: (databaseBytes) => watch(() => sentinel.answered(databaseBytes)),
    },
    alertFetch: (input, init) => watch(() => deps.fetch(input, init)),
    sinkFetch: (input, init) => watch(() => deps.fetch(input, init)),
  };
}

/** An archive of which each call waits for its turn. */
export const archiveWithin = (archive: Archive | undefined, limit: Limit): Archive | undefined =>
  archive === undefined
    ? undefined
    : {
        put: (key, json) => limit(() => archive.put(key, json)),
        get: (key) => limit(() => archive.get(key)),
        delete: (keys) => limit(() => archive.delete(keys)),
      };

/** R2 counts against the same limit as D1 does. */
const countedBy =
  (queries: Queries): Limit =>
  async (perform) => {
    if (queries.left < 1) throw new Error("this invocation's limit of queries is used up");
    queries.left--;
    return perform();
  };
