import * as v from "valibot";

/**
 * A hint on the work queue that there is work. It carries nothing: what is due is stored in D1.
 * `wake-up`: an effect is due. `request`: an operator has asked for something.
 */
const wakeUp = v.object({ v: v.literal(1), kind: v.picklist(["wake-up", "request"]) });

export type WakeUp = v.InferOutput<typeof wakeUp>;

export const WAKE_UP: WakeUp = { v: 1, kind: "wake-up" };
export const REQUEST: WakeUp = { v: 1, kind: "request" };

/** Whether a message on the work queue is about an operator's request. */
export const isRequest = (body: unknown): boolean => {
  const parsed = v.safeParse(wakeUp, body);
  return parsed.success && parsed.output.kind === "request";
};
