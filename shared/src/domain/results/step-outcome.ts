/** The outcome of a step of a run. Lenient: a field of a wrong type counts as missing. */

export type StepOutcome = "passed" | "failed" | "timed_out" | "skipped" | "unknown";

const OUTCOMES: ReadonlyMap<string, StepOutcome> = new Map([
  ["passed", "passed"],
  ["success", "passed"],
  ["failed", "failed"],
  ["failure", "failed"],
  ["error", "failed"],
  ["timed_out", "timed_out"],
  ["skipped", "skipped"],
]);

/** By its status, else by its success, else by its exit code. */
export function stepOutcome(step: {
  readonly status?: unknown;
  readonly success?: unknown;
  readonly exit_code?: unknown;
}): StepOutcome {
  const { status, success, exit_code } = step;
  const outcome = typeof status === "string" ? OUTCOMES.get(status.trim().toLowerCase()) : undefined;
  if (outcome !== undefined) return outcome;
  if (typeof success === "boolean") return success ? "passed" : "failed";
  if (typeof exit_code === "number") return exit_code === 0 ? "passed" : "failed";
  return "unknown";
}
