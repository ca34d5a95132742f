/** Where what is in the archive. */

/** The folders of the bucket. Each has a lifecycle rule of its own. */
export const RESULTS_PREFIX = "results/";
export const VALIDATIONS_PREFIX = "validations/";

/** As ours and Grainchain's are. A callback may name anything: what is not an id belongs to no validation. */
const ID = /^[\w.:-]{1,200}$/;

const resultsOf = (id: string): string => `${RESULTS_PREFIX}${ID.test(id) ? id : "_"}/`;

/** Where the results of a callback are. @param id the one that the callback gave: ours, or Grainchain's */
export const resultsKey = (id: string, callbackId: string): string => `${resultsOf(id)}${callbackId}.json`;

/** Where a validation is that was deleted from D1. */
export const validationKey = (id: string): string => `${VALIDATIONS_PREFIX}${id}.json`;

/**
 * Where the whole results are of which D1 has a digest.
 * @param results as D1 has them
 * @param ids the validation's, ours first, then Grainchain's: results of others are not its own
 */
export function archivedResultsKey(
  results: Readonly<Record<string, unknown>> | null,
  ids: readonly (string | null)[],
): string | undefined {
  const key = results?.archived;
  if (typeof key !== "string") return undefined;
  if (typeof ids[0] === "string" && key === validationKey(ids[0])) return key;
  return ids.some((id) => id !== null && ID.test(id) && key.startsWith(resultsOf(id))) ? key : undefined;
}
