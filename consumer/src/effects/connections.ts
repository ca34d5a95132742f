/** Keeps what one invocation calls within the shares of its connections. */
import type { WakeUp } from "@webhook-gateway/shared/messages/wake-up.ts";
import { limitedDatabase } from "@webhook-gateway/shared/store/limited-database.ts";
import pLimit from "p-limit";
import type { Heartbeats } from "../maintain/sentinel.ts";
import { SHARES } from "./shares.ts";

/** What is called. Grainchain and GitHub have clients of their own, which keep to their shares. */
interface Called {
  readonly db: D1Database;
  readonly work: Pick<Queue<WakeUp>, "send">;
  readonly sentinel: Heartbeats;
  readonly fetch: typeof fetch;
}

/** @returns the same within its shares, and `alertFetch` for alerts */
export function withinShares<Deps extends Called>(deps: Deps): Deps & { readonly alertFetch: typeof fetch } {
  const [watch, storage] = [pLimit(SHARES.watch), pLimit(SHARES.storage)];
  const { db, work, sentinel } = deps;
  return {
    ...deps,
    db: limitedDatabase(db, storage),
    work: { send: (message, options) => storage(() => work.send(message, options)) },
    sentinel: {
      heard: () => watch(() => sentinel.heard()),
      answered: (databaseBytes) => watch(() => sentinel.answered(databaseBytes)),
    },
    alertFetch: (input, init) => watch(() => deps.fetch(input, init)),
  };
}
