/** Commands of operators about many rows: each is taken one step further at a time, under a lease and at its own rate. */
import { errorText } from "@webhook-gateway/shared/telemetry/log.ts";
import { isoTime } from "@webhook-gateway/shared/text/iso-time.ts";
import { hasRoom } from "../effects/queries.ts";
import type { RecordDeps } from "../record/record.ts";

const LEASE_MS = 60_000;
/** Steps of one command are at least this far apart. */
const MIN_STEP_MS = 1000;

export interface PacedProgress {
  /** Something was made due. */
  readonly changed: boolean;
  /** When the next step is; null if nothing is left, or if an earlier step has asked for it already. */
  readonly nextAt: string | null;
}

/** Takes each that is running one step further. One that fails keeps its lease and does not stop the others. */
export async function stepEach<Command extends { readonly id: string }>(
  deps: RecordDeps,
  name: "replay" | "bulk",
  {
    claim,
    step,
  }: {
    claim(db: D1Database, now: string, leaseUntil: string): Promise<readonly Command[]>;
    step(deps: RecordDeps, command: Command, nowMs: number): Promise<PacedProgress>;
  },
): Promise<PacedProgress> {
  const nowMs = deps.now().getTime();
  const commands = await claim(deps.db, isoTime(nowMs), isoTime(nowMs + LEASE_MS));
  let changed = false;
  let nextAt: string | null = null;
  for (const command of commands) {
    // Its lease ends before the next cron.
    if (!hasRoom(deps.db, "replay")) break;
    try {
      const progress = await step(deps, command, nowMs);
      changed ||= progress.changed;
      if (progress.nextAt === null) continue;
      const at = isoTime(Math.max(Date.parse(progress.nextAt), deps.now().getTime() + MIN_STEP_MS));
      if (nextAt === null || at < nextAt) nextAt = at;
    } catch (thrown) {
      deps.log.error(`${name}.step-failed`, { [`${name}_id`]: command.id, error: errorText(thrown) });
    }
  }
  return { changed, nextAt };
}
