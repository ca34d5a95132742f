import { storeHeartbeat } from "@webhook-gateway/shared/store/settings.ts";
import { within } from "@webhook-gateway/shared/time/within.ts";
import type { Heartbeats } from "./sentinel.ts";

export interface HeartbeatDeps {
  readonly db: D1Database;
  readonly sentinel: Heartbeats;
  readonly now: () => Date;
}

/** As long as D1 gives a query (https://developers.cloudflare.com/d1/platform/limits/). A later answer is none. */
const ANSWER_MS = 30_000;

/** Says that the cron runs: to the sentinel, and in D1 to the producer's health check. The sentinel hears if D1 took it. */
export async function beat({ db, sentinel, now }: HeartbeatDeps): Promise<void> {
  const at = now().toISOString();
  const [heard, stored] = await Promise.allSettled([
    sentinel.heard(),
    within(ANSWER_MS, () => storeHeartbeat(db, at)),
  ]);
  if (stored.status === "rejected") throw stored.reason;
  await sentinel.answered(stored.value);
  if (heard.status === "rejected") throw heard.reason;
}
