import { isObject, type ResultsObject } from "../domain/results/summary.ts";
import { parseJson } from "../text/json.ts";
import type { Archive } from "./archive.ts";
import { archivedResultsKey, VALIDATIONS_PREFIX } from "./keys.ts";

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

/** The results that an object is, or that the validation in it has. @throws {ArchiveUnavailable} */
export async function resultsAt(
  archive: Archive | undefined,
  key: string,
): Promise<ResultsObject | undefined> {
  const object = parseJson(await archive?.get(key));
  const results = key.startsWith(VALIDATIONS_PREFIX) ? Object(Object(object).validation).results : object;
  return isObject(results) ? results : undefined;
}
