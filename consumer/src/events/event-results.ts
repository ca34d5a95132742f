import type { Archive } from "@webhook-gateway/shared/archive/archive.ts";
import { ArchiveUnavailable } from "@webhook-gateway/shared/archive/archive-unavailable.ts";
import { wholeResults } from "@webhook-gateway/shared/archive/whole-results.ts";
import { isObject, type ResultsObject } from "@webhook-gateway/shared/domain/results/summary.ts";
import { parseJson } from "@webhook-gateway/shared/text/json.ts";
import type { KnownEvent } from "./known-event.ts";

/** The results that ended a validation, whole if the archive has them; null if there are none. */
export async function eventResults(
  archive: Archive | undefined,
  { results: json, validation_id, grainchain_id }: KnownEvent,
): Promise<ResultsObject | null> {
  const stored = parseJson(json);
  if (!isObject(stored)) return null;
  try {
    return await wholeResults(archive, stored, [validation_id, grainchain_id]);
  } catch (thrown) {
    // What D1 has of them is better than nothing.
    if (thrown instanceof ArchiveUnavailable) return stored;
    throw thrown;
  }
}
