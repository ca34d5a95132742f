/** The state machine of one validation: pure, total, and the only place that says which moves exist. */

const AFTER_DISPATCH = [
  "pending",
  "running",
  "completed",
  "failed",
  "cancelled",
  "superseded",
  "timed_out",
  "dead",
] as const;

/** Every state, in the order in which a validation passes through them; those from `completed` on are final. */
export const VALIDATION_STATES = ["held", "queued", "dispatching", ...AFTER_DISPATCH, "skipped"] as const;

/** The states that GitHub is shown: a validation that is being dispatched is still shown as queued. */
export const REPORTED_STATES = ["held", "queued", ...AFTER_DISPATCH, "skipped"] as const;

export type ValidationState = (typeof VALIDATION_STATES)[number];
export const CONCLUSIONS = ["success", "failure"] as const;
export type Conclusion = (typeof CONCLUSIONS)[number];

/** States of a validation that runs or is about to. One that is `held` waits for a person, and may never run. */
export const LIVE_STATES = ["queued", "dispatching", "pending", "running"] as const;

/** The statuses that Grainchain reports. */
export const GRAINCHAIN_STATUSES = ["pending", "running", "completed", "failed", "cancelled"] as const;
export type GrainchainStatus = (typeof GRAINCHAIN_STATUSES)[number];

export interface Standing {
  readonly state: ValidationState;
  readonly conclusion: Conclusion | null;
}

/** Something that happened to a validation. */
export type Signal =
  /** Somebody who may has approved a change from a fork. */
  | { readonly type: "approved" }
  /** Leased by a dispatch. */
  | { readonly type: "claimed" }
  /** A dispatch did not get it to Grainchain; it waits again. */
  | { readonly type: "returned" }
  /** Grainchain has said where it stands: in answer to a dispatch, in a callback, or when asked. */
  | { readonly type: "status"; readonly status: GrainchainStatus; readonly success: boolean }
  | { readonly type: "superseded" }
  | { readonly type: "cancelled" }
  | { readonly type: "timed_out" }
  | { readonly type: "died" }
  /** Grainchain does not know it any more, and nothing was heard of it: it is dispatched once more. */
  | { readonly type: "lost" }
  /** A dead letter is replayed: what could not be dispatched is to be dispatched after all. */
  | { readonly type: "replayed" };

/** Where the signal leads. `moved: false` means that it changes nothing: late, repeated or out of order. */
export type Transition = Standing & { readonly moved: boolean };

/** Whether a validation never moves again. */
export const isFinal = (state: ValidationState): boolean =>
  state !== "held" && !LIVE_STATES.some((live) => live === state);

/**
 * Applies a signal. A final state never changes, but for the one that never ran; among live states Grainchain's word
 * only moves forward, until Grainchain has lost the run.
 */
export function transition(from: Standing, signal: Signal): Transition {
  const stay: Transition = { ...from, moved: false };
  if (signal.type === "replayed") return from.state === "dead" ? move("queued") : stay;
  if (isFinal(from.state)) return stay;
  if (from.state === "held") return leaveHeld(stay, signal);
  switch (signal.type) {
    case "approved":
      return stay;
    case "claimed":
      return from.state === "queued" ? move("dispatching") : stay;
    case "returned":
      return from.state === "dispatching" ? move("queued") : stay;
    case "lost":
      return from.state === "pending" || from.state === "running" ? move("queued") : stay;
    case "status":
      return applyStatus(from, signal.status, signal.success);
    case "superseded":
    case "cancelled":
    case "timed_out":
      return move(signal.type);
    case "died":
      // Once Grainchain has it, a dispatch that failed late says nothing of it.
      return from.state === "pending" || from.state === "running" ? stay : move("dead");
  }
}

/** Grainchain has never heard of it, so nothing that Grainchain says can be about it. */
function leaveHeld(stay: Transition, { type }: Signal): Transition {
  if (type === "approved") return move("queued");
  return type === "superseded" || type === "cancelled" ? move(type) : stay;
}

function applyStatus(from: Standing, status: GrainchainStatus, success: boolean): Transition {
  if (status === "completed") return move("completed", success ? "success" : "failure");
  if (rank(status) <= rank(from.state)) return { ...from, moved: false };
  return move(status);
}

function move(state: ValidationState, conclusion: Conclusion | null = null): Transition {
  return { state, conclusion, moved: true };
}

const rank = (state: ValidationState): number => VALIDATION_STATES.indexOf(state);
