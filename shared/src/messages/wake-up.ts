import * as v from "valibot";

/**
 * A hint on the work queue that there is work. It carries nothing: what is due is stored in D1.
 * `wake-up`: an effect is due. `request`: an operator has asked for something. `retention`: there may be old rows.
 */
const wakeUp = v.object({ v: v.literal(1), kind: v.picklist(["wake-up", "request", "retention"]) });

export type WakeUp = v.InferOutput<typeof wakeUp>;

export const WAKE_UP: WakeUp = { v: 1, kind: "wake-up" };
export const REQUEST: WakeUp = { v: 1, kind: "request" };
export const RETENTION: WakeUp = { v: 1, kind: "retention" };

/** What a message on the work queue is about. Whatever it is, effects may be due. */
export function kindOf(body: unknown): WakeUp["kind"] {
  const parsed = v.safeParse(wakeUp, body);
  return parsed.success ? parsed.output.kind : "wake-up";
}
