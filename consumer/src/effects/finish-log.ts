/** One line for each validation that has finished. */
import { type Mutation, rowsOf } from "@webhook-gateway/shared/store/write/mutation.ts";
import type { Log } from "@webhook-gateway/shared/telemetry/log.ts";

/** Call it with mutations that are committed. */
export function logFinished(log: Log, now: string, mutations: readonly Mutation[]): void {
  for (const row of rowsOf(mutations, "validation")) {
    const { id, state, conclusion, created_at, finished_at, run, reused_from } = row;
    if (finished_at !== now) continue;
    const duration_ms = Date.parse(now) - Date.parse(created_at);
    const reused = reused_from === null ? {} : { outcome: "reused", reused_from };
    log.info("validation.finished", { validation_id: id, state, conclusion, run, duration_ms, ...reused });
  }
}
