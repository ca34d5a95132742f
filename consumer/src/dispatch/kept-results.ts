/** Stores results from one of Grainchain's answers until the outcome of the answer is recorded. */
import { keepResults } from "@webhook-gateway/shared/domain/results.ts";
import type { ResultsObject } from "@webhook-gateway/shared/domain/results-summary.ts";
import type { Results } from "@webhook-gateway/shared/store/rows.ts";
import { storeCallbackResults } from "@webhook-gateway/shared/store/write/callback-results.ts";

export interface KeepDeps {
  readonly db: D1Database;
  readonly now: () => Date;
  readonly newId: () => string;
}

/** Results too large for a statement are stored first, as a callback's are. */
export async function keepAnswered(
  deps: KeepDeps,
  results: ResultsObject | null,
): Promise<Results | undefined> {
  if (results === null) return undefined;
  const kept = keepResults(results);
  if (kept.kind === "inline") return { inline: kept.results };
  const storedUnder = deps.newId();
  await storeCallbackResults(deps.db, storedUnder, kept.json, deps.now().toISOString());
  return { storedUnder };
}
