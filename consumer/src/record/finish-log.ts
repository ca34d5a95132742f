/** One line for each validation that has come to its end. */

import type { Changes } from "@webhook-gateway/shared/store/rows.ts";
import type { Log } from "@webhook-gateway/shared/telemetry/log.ts";

/** To be called with changes that are committed. */
export function logFinished(log: Log, { validations, now }: Pick<Changes, "validations" | "now">): void {
  for (const { id, state, conclusion, created_at, finished_at, run } of validations) {
    if (finished_at !== now) continue;
    const duration_ms = Date.parse(now) - Date.parse(created_at);
    log.info("validation.finished", { validation_id: id, state, conclusion, run, duration_ms });
  }
}
