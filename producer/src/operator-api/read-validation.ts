import type { ValidationDetail } from "@webhook-gateway/shared/api/validation.ts";
import type { Archive } from "@webhook-gateway/shared/archive/archive.ts";
import { archivedDetail, parseArchived } from "@webhook-gateway/shared/archive/archived-validation.ts";
import { validationKey } from "@webhook-gateway/shared/archive/keys.ts";
import { wholeResults } from "@webhook-gateway/shared/archive/whole-results.ts";
import { loadValidationDetail } from "@webhook-gateway/shared/store/read/validation-list.ts";
import { errorText, type Log } from "@webhook-gateway/shared/telemetry/log.ts";

interface ReadDeps {
  readonly db: D1Database;
  readonly archive: Archive | undefined;
  readonly log: Log;
}

/** One validation with its whole results, from D1 or the archive. If the archive is away, what D1 has of it. */
export async function readValidation(
  { db, archive, log }: ReadDeps,
  id: string,
): Promise<ValidationDetail | undefined> {
  const stored = await loadValidationDetail(db, id);
  if (stored === undefined) {
    const archived = parseArchived(await archive?.get(validationKey(id)));
    return archived === undefined ? undefined : archivedDetail(archived);
  }
  try {
    return { ...stored, results: await wholeResults(archive, stored.results, [id, stored.grainchain_id]) };
  } catch (thrown) {
    log.error("archive.unavailable", { validation_id: id, error: errorText(thrown) });
    return stored;
  }
}
