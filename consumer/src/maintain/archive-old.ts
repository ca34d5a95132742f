/** Writes validations to the archive before D1 deletes them. */
import type { Archive } from "@webhook-gateway/shared/archive/archive.ts";
import type { ArchivedValidation } from "@webhook-gateway/shared/archive/archived-validation.ts";
import { archivedResultsKey, RESULTS_PREFIX, validationKey } from "@webhook-gateway/shared/archive/keys.ts";
import { resultsAt } from "@webhook-gateway/shared/archive/whole-results.ts";
import { isObject } from "@webhook-gateway/shared/domain/results/summary.ts";
import {
  loadValidationRows,
  type OldValidation,
  type Row,
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

export interface ArchivedValidations {
  /** Those that are there, and may be deleted. */
  readonly written: readonly OldValidation[];
  /** The objects of their results, which they contain. */
  readonly contained: readonly string[];
  readonly failed: boolean;
}

/** Writes validations to the archive, one after the other, until one fails. */
export async function archiveValidations(
  { db, archive, log, now }: ArchiveDeps,
  old: readonly OldValidation[],
): Promise<ArchivedValidations> {
  const rows = await loadValidationRows(
    db,
    old.map(({ id }) => id),
  );
  const byId = new Map(rows.map((one) => [one.validation.id, one]));
  const written: OldValidation[] = [];
  const contained: string[] = [];
  try {
    for (const one of old) {
      const found = byId.get(one.id);
      // What has changed since it was found is not deleted either.
      if (found === undefined || found.validation.version !== one.version) continue;
      if (!(await isThere(archive, found))) {
        const { document, keys } = await documentOf(archive, found, now().toISOString());
        await archive.put(validationKey(one.id), JSON.stringify(document));
        contained.push(...keys);
      }
      written.push(one);
    }
  } catch (thrown) {
    log.error("retention.not-archived", { archived: written.length, error: errorText(thrown) });
    return { written, contained, failed: true };
  }
  return { written, contained, failed: false };
}

/** Objects of one call (R2 takes 1,000). */
const DELETED_AT_ONCE = 1_000;

/** Deletes results that archived validations contain. What fails is left to the bucket's lifecycle rule. */
export async function deleteContained(
  { archive, log }: Pick<ArchiveDeps, "archive" | "log">,
  keys: readonly string[],
): Promise<void> {
  try {
    for (let from = 0; from < keys.length; from += DELETED_AT_ONCE) {
      await archive.delete(keys.slice(from, from + DELETED_AT_ONCE));
    }
  } catch (thrown) {
    log.warn("retention.results-left", { results: keys.length, error: errorText(thrown) });
  }
}

/** Whether the validation was archived early, and has not changed since. */
async function isThere(
  archive: Archive,
  { validation: { id, version, results } }: ValidationRows,
): Promise<boolean> {
  const key = validationKey(String(id));
  if (typeof results !== "string" || Object(parseJson(results)).archived !== key) return false;
  return Object(Object(parseJson(await archive.get(key))).validation).version === version;
}

/** A validation as one object, and the keys of the objects that it contains the results of. */
async function documentOf(
  archive: Archive,
  { validation, timeline, ...others }: ValidationRows,
  archivedAt: string,
): Promise<{ readonly document: ArchivedValidation; readonly keys: ReadonlySet<string> }> {
  const ids = [validation.id, validation.grainchain_id].map((id) => (typeof id === "string" ? id : null));
  const keys = new Set<string>();
  const whole = async (row: Row): Promise<Row> => {
    const results = typeof row.results === "string" ? parseJson(row.results) : null;
    if (!isObject(results)) return { ...row, results: null };
    const key = archivedResultsKey(results, ids);
    const stored = key === undefined ? undefined : await resultsAt(archive, key);
    if (key?.startsWith(RESULTS_PREFIX) && stored !== undefined) keys.add(key);
    return { ...row, results: stored ?? results };
  };
  const entries: Row[] = [];
  for (const entry of timeline) entries.push(await whole(entry));
  const document = {
    archived_at: archivedAt,
    validation: await whole(validation),
    timeline: entries,
    ...others,
  };
  return { document, keys };
}
