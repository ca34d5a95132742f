import { isObject, type ResultsObject } from "../domain/results/summary.ts";
import { parseJson } from "../text/json.ts";
import type { Archive } from "./archive.ts";
import { archivedResultsKey } from "./keys.ts";

/**
 * The whole of results of which D1 has a digest.
 * @param ids of their validation, ours and Grainchain's
 * @returns the results as they are if they are whole already, or if the archive has no more of them
 * @throws {ArchiveUnavailable}
 */
export async function wholeResults<Given extends ResultsObject | null>(
  archive: Archive | undefined,
  results: Given,
  ids: readonly (string | null)[],
): Promise<Given | ResultsObject> {
  const key = archivedResultsKey(results, ids);
  return key === undefined ? results : ((await resultsAt(archive, key)) ?? results);
}

/** The results of one object. @throws {ArchiveUnavailable} */
export async function resultsAt(
  archive: Archive | undefined,
  key: string,
): Promise<ResultsObject | undefined> {
  const whole = parseJson(await archive?.get(key));
  return isObject(whole) ? whole : undefined;
}
