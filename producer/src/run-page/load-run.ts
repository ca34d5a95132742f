import type { Archive } from "@webhook-gateway/shared/archive/archive.ts";
import { archivedRun, parseArchived } from "@webhook-gateway/shared/archive/archived-validation.ts";
import { validationKey } from "@webhook-gateway/shared/archive/keys.ts";
import { resultsAt } from "@webhook-gateway/shared/archive/whole-results.ts";
import { digestOfWhole, loadRunView, type RunView } from "@webhook-gateway/shared/store/read/run-view.ts";
import { errorText, type Log } from "@webhook-gateway/shared/telemetry/log.ts";

interface LoadDeps {
  readonly db: D1Database;
  readonly archive: Archive | undefined;
  readonly log: Log;
}

/** A run with its whole results, from D1 or the archive. @returns undefined if it is gone from both */
export async function loadRun(
  { db, archive, log }: LoadDeps,
  id: string,
  now: Date,
): Promise<RunView | undefined> {
  const run = await loadRunView(db, id, now);
  if (run === undefined) {
    const archived = parseArchived(await archive?.get(validationKey(id)));
    return archived === undefined ? undefined : archivedRun(archived);
  }
  if (run.archived === null) return run;
  try {
    const whole = await resultsAt(archive, run.archived);
    if (whole !== undefined) return { ...run, digest: digestOfWhole(whole) };
  } catch (thrown) {
    log.error("archive.unavailable", { validation_id: id, error: errorText(thrown) });
  }
  return { ...run, digest: { ...run.digest, truncated: true } };
}
