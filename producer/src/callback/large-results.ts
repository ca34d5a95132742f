/** Results that are too large for the queue go to the archive, or else wait in D1 until their callback is recorded. */
import type { Archive } from "@webhook-gateway/shared/archive/archive.ts";
import { resultsKey } from "@webhook-gateway/shared/archive/keys.ts";
import { digestResults } from "@webhook-gateway/shared/domain/results/digest.ts";
import type { KeptResults } from "@webhook-gateway/shared/domain/results/keep.ts";
import type { ResultsObject } from "@webhook-gateway/shared/domain/results/summary.ts";
import type { CallbackFact } from "@webhook-gateway/shared/messages/fact.ts";
import {
  storeCallbackResults,
  storeOwnCallbackResults,
} from "@webhook-gateway/shared/store/write/callback-results.ts";
import { errorText, type Log } from "@webhook-gateway/shared/telemetry/log.ts";
import type { RateLimit } from "../auth/rate-limit.ts";

interface StoreDeps {
  readonly db: D1Database;
  readonly archive?: Archive | undefined;
  /** Bounds what a leaked capability can write to the archive. */
  readonly rateLimit: RateLimit;
  readonly log: Log;
}

/**
 * `archived`: the fact carries a digest of them. `limited`: the digest is all that is kept. `stored`: they wait in D1.
 * `dropped`: recording is not going to keep them.
 */
export type Stored =
  | { readonly kind: "archived" | "limited"; readonly digest: ResultsObject }
  | { readonly kind: "stored" | "dropped" };

type Callback = Pick<CallbackFact, "id" | "id_kind" | "validation_id" | "status">;

/**
 * Stores results before their callback is queued. D1 takes them if the archive does not: a server that tries a callback
 * only once must not lose it to one of the two.
 * @throws if neither takes them
 */
export async function storeLargeResults(
  { db, archive, rateLimit, log }: StoreDeps,
  callback: Callback,
  { json, results }: Extract<KeptResults, { kind: "stored" }>,
  now: string,
): Promise<Stored> {
  if (archive !== undefined) {
    const key = resultsKey(callback.validation_id, callback.id);
    if (callback.id_kind === "ours") {
      const { success } = await rateLimit.limit({ key: `results:${callback.validation_id}` });
      if (!success) return { kind: "limited", digest: { ...digestResults(results), truncated: true } };
    }
    try {
      await archive.put(key, json);
      return { kind: "archived", digest: digestResults(results, key) };
    } catch (thrown) {
      log.error("callback.not-archived", { error: errorText(thrown) });
    }
  }
  if (callback.id_kind === "ours") {
    return { kind: (await storeOwnCallbackResults(db, callback, json, now)) ? "stored" : "dropped" };
  }
  await storeCallbackResults(db, callback.id, json, now);
  return { kind: "stored" };
}
