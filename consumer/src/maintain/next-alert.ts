/** When an alert begins, ends and is due. Pure. */
import type { NotifiedAlert } from "@webhook-gateway/shared/store/maintain/alerts.ts";
import type { Condition } from "./alert-conditions.ts";

/** The alert as it is now; undefined if there is none and was none. */
export function nextAlert(
  before: NotifiedAlert | undefined,
  { holds, text }: Pick<Condition, "holds" | "text">,
  now: string,
): NotifiedAlert | undefined {
  const state = holds ? "firing" : "resolved";
  if (before === undefined) {
    return holds ? { state, text, since: now, told: null, attempts: 0, due_at: now } : undefined;
  }
  if (before.state === state) return before;
  return { ...before, state, text, since: now, attempts: 0, due_at: now };
}

/** Whether an alert is to be sent now. A condition that ended before its alert was sent has none. */
export const isDue = ({ state, told, due_at }: NotifiedAlert, now: string): boolean =>
  told !== state && !(state === "resolved" && told === null) && due_at <= now;
