import * as v from "valibot";

/** A hint on the work queue that an effect is due. It carries nothing: what is due stands in D1. */
const wakeUp = v.object({ v: v.literal(1), kind: v.literal("wake-up") });

export type WakeUp = v.InferOutput<typeof wakeUp>;

export const WAKE_UP: WakeUp = { v: 1, kind: "wake-up" };
