/** What a run waits for, in the words of every place that says so. */
import type { ClosedGate } from "../domain/gate.ts";

/** Why nothing is sent to Grainchain. */
export const GRAINCHAIN_GATE: Readonly<Record<ClosedGate["reason"], string>> = {
  backpressure: "Grainchain is at capacity",
  configuration: "Grainchain rejects the URL or the API key",
  unavailable: "Grainchain does not respond",
};

/** Why nothing is sent to GitHub. */
export const GITHUB_GATE: Readonly<Record<ClosedGate["reason"], string>> = {
  backpressure: "GitHub limits the request rate",
  configuration: "GitHub rejects the credentials",
  unavailable: "GitHub does not respond",
};

/** What a run waits for that has not ended. */
export const WAITS = {
  /** A change from a fork. */
  approval: "an approval of this change from a fork",
  /** Nothing is in its way but others. */
  turn: "its turn or for capacity at Grainchain",
  /** Its repository has as many under way as it may have. */
  share: "its turn among the runs of its repository",
  /** Operators have paused dispatch. */
  pause: "paused by an operator",
  /** After an attempt that failed. */
  retry: "another attempt",
  /** Leased by a dispatch. */
  dispatch: "being sent to Grainchain",
  /** At Grainchain. */
  result: "its result from Grainchain",
} as const;
