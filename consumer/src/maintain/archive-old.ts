/** Writes validations to the archive before D1 deletes them. */
import type { Archive } from "@webhook-gateway/shared/archive/archive.ts";
import type { ArchivedValidation, Row } from "@webhook-gateway/shared/archive/archived-validation.ts";
import { validationKey } from "@webhook-gateway/shared/archive/keys.ts";
import { wholeResults } from "@webhook-gateway/shared/archive/whole-results.ts";
import { isObject } from "@webhook-gateway/shared/domain/results/summary.ts";
import {
  loadValidationRows,
  type OldValidation,
  type ValidationRows,
} from "@webhook-gateway/shared/store/maintain/old-validations.ts";
import { errorText, type Log } from "@webhook-gateway/shared/telemetry/log.ts";
import { parseJson } from "@webhook-gateway/shared/text/json.ts";

export interface ArchiveDeps {
  readonly db: D1Database;
  readonly archive: Archive;
  readonly log: Log;
  readonly now: () => Date;
}

/** Validations of one step: each is one object, and its results are another. */
export const ARCHIVED_AT_ONCE = 50;
/** Their results together. Those of earlier versions may have 1 MiB each in D1. */
const MAX_BYTES = 8 * 1024 * 1024;

/** Those that are read together: the first one whatever its size. */
export function fittingOf(old: readonly OldValidation[]): readonly OldValidation[] {
  let bytes = 0;
  const end = old.findIndex((one, index) => {
    bytes += one.bytes;
    return index > 0 && bytes > MAX_BYTES;
  });
  return end < 0 ? old : old.slice(0, end);
}

/**
 * Writes validations to the archive, one after the other, until one fails.
 * @returns those that are there, and may be deleted
 */
export async function archiveValidations(
  { db, archive, log, now }: ArchiveDeps,
  old: readonly OldValidation[],
): Promise<{ readonly written: readonly OldValidation[]; readonly failed: boolean }> {
  const rows = await loadValidationRows(
    db,
    old.map(({ id }) => id),
  );
  const byId = new Map(rows.map((one) => [one.validation.id, one]));
  const written: OldValidation[] = [];
  try {
    for (const one of old) {
      const found = byId.get(one.id);
      // What has changed since it was found is not deleted either.
      if (found === undefined || found.validation.version !== one.version) continue;
      const document = await documentOf(archive, found, now().toISOString());
      await archive.put(validationKey(one.id), JSON.stringify(document));
      written.push(one);
    }
  } catch (thrown) {
    log.error("retention.not-archived", { archived: written.length, error: errorText(thrown) });
    return { written, failed: true };
  }
  return { written, failed: false };
}

async function documentOf(
  archive: Archive,
  { validation, timeline, ...others }: ValidationRows,
  archivedAt: string,
): Promise<ArchivedValidation> {
  const ids = [validation.id, validation.grainchain_id].map((id) => (typeof id === "string" ? id : null));
  const whole = async (row: Row): Promise<Row> => {
    const results = typeof row.results === "string" ? parseJson(row.results) : null;
    return { ...row, results: isObject(results) ? await wholeResults(archive, results, ids) : null };
  };
  const entries: Row[] = [];
  for (const entry of timeline) entries.push(await whole(entry));
  return { archived_at: archivedAt, validation: await whole(validation), timeline: entries, ...others };
}
