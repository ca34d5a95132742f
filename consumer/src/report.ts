/** Reports to GitHub. Without credentials every report is recorded as skipped. */
import type { Log } from "@webhook-gateway/shared/log.ts";
import { skipReports } from "@webhook-gateway/shared/store/reports.ts";

/** Reports settled by one statement. */
const BATCH_SIZE = 500;

/** Settles the reports that are due. */
export async function reportDue(deps: { readonly db: D1Database; readonly log: Log }): Promise<void> {
  const skipped = await skipReports(deps.db, "this version posts nothing to GitHub", BATCH_SIZE);
  if (skipped > 0) deps.log.info("report.skipped", { reports: skipped });
}
