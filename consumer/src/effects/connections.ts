/** Keeps what one invocation calls within the shares of its connections and of its D1 queries. */
import type { WakeUp } from "@webhook-gateway/shared/messages/wake-up.ts";
import { limitedDatabase } from "@webhook-gateway/shared/store/limited-database.ts";
import pLimit from "p-limit";
import type { Heartbeats } from "../maintain/sentinel.ts";
import { QUERIES } from "./queries.ts";
import { SHARES } from "./shares.ts";

/** What is called. Grainchain and GitHub have clients of their own, which keep to their shares. */
interface Called {
  readonly db: D1Database;
  readonly work: Pick<Queue<WakeUp>, "send">;
  readonly sentinel: Heartbeats;
  readonly fetch: typeof fetch;
}

/** What tells of trouble has its own, which the sink of events has otherwise. */
interface Watch {
  readonly watchDb: D1Database;
  readonly alertFetch: typeof fetch;
  /** Of an invocation that sends no alerts. */
  readonly sinkFetch: typeof fetch;
}

/** @returns the same within its shares */
export function withinShares<Deps extends Called>(deps: Deps): Deps & Watch {
  const [watch, storage] = [pLimit(SHARES.watch), pLimit(SHARES.storage)];
  const { db, work, sentinel } = deps;
  return {
    ...deps,
    db: limitedDatabase(db, storage, QUERIES.work),
    watchDb: limitedDatabase(db, storage, QUERIES.watch),
    work: { send: (message, options) => storage(() => work.send(message, options)) },
    sentinel: {
      heard: () => watch(() => sentinel.heard()),
      answered: (databaseBytes) => watch(() => sentinel.answered(databaseBytes)),
    },
    alertFetch: (input, init) => watch(() => deps.fetch(input, init)),
    sinkFetch: (input, init) => watch(() => deps.fetch(input, init)),
  };
}
