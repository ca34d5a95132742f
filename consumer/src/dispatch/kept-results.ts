/** Stores results from one of Grainchain's answers: in the archive, or else in D1 until the answer is recorded. */
import type { Archive } from "@webhook-gateway/shared/archive/archive.ts";
import { resultsKey } from "@webhook-gateway/shared/archive/keys.ts";
import { digestResults } from "@webhook-gateway/shared/domain/results/digest.ts";
import { keepResults } from "@webhook-gateway/shared/domain/results/keep.ts";
import type { ResultsObject } from "@webhook-gateway/shared/domain/results/summary.ts";
import type { Results } from "@webhook-gateway/shared/store/rows.ts";
import { storeCallbackResults } from "@webhook-gateway/shared/store/write/callback-results.ts";
import { errorText } from "@webhook-gateway/shared/telemetry/log.ts";
import type { EffectDeps } from "../effects/run-effect.ts";

export interface KeepDeps extends EffectDeps {
  /** Undefined if the environment has none. */
  readonly archive?: Archive | undefined;
}

/** Results too large for a statement are stored first, as a callback's are. D1 takes what the archive does not. */
export async function keepAnswered(
  deps: KeepDeps,
  validationId: string,
  results: ResultsObject | null,
): Promise<Results | undefined> {
  if (results === null) return undefined;
  const kept = keepResults(results);
  if (kept.kind === "inline") return { inline: kept.results };
  const storedUnder = deps.newId();
  if (deps.archive !== undefined) {
    const key = resultsKey(validationId, storedUnder);
    try {
      await deps.archive.put(key, kept.json);
      return { inline: digestResults(kept.results, key) };
    } catch (thrown) {
      deps.log.error("answer.not-archived", { validation_id: validationId, error: errorText(thrown) });
    }
  }
  await storeCallbackResults(deps.db, storedUnder, kept.json, deps.now().toISOString());
  return { storedUnder };
}
