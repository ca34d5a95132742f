import type { Gateway } from "./gateway.ts";

/** A time at which everything was due. */
export const PAST = "2000-01-01T00:00:00.000Z";

/**
 * Makes what waits for its time due now: delays of 5 s to 5 min are the subject of other tests. Not while a
 * dispatch is under way, since the gate's time is then what keeps a second probe from following the first.
 */
export async function hurry({ rows, cron }: Pick<Gateway, "rows" | "cron">): Promise<void> {
  await rows(
    `UPDATE settings SET value = json_set(value, '$.until', '${PAST}') WHERE name = 'gate:grainchain'
     AND value->>'state' = 'closed' AND NOT EXISTS (SELECT 1 FROM validations WHERE state = 'dispatching')`,
  );
  await rows(`UPDATE validations SET due_at = '${PAST}' WHERE state = 'queued' AND due_at IS NOT NULL`);
  await cron();
}
