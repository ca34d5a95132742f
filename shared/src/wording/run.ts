/** A run in words, the same in its check and on its page: the verdict in one line, and what to do next. */

import type { Conclusion, REPORTED_STATES } from "../domain/validation.ts";
import { durationText } from "../text/duration.ts";
import { plainLine } from "../text/plain.ts";
import { type Digest, isFailing, type Step } from "./digest.ts";

/** A run as far as words are made of it. One that is being dispatched is described as queued. */
export interface DescribedRun {
  readonly state: (typeof REPORTED_STATES)[number];
  readonly conclusion: Conclusion | null;
  /** Why it broke, as its source gave it. */
  readonly error: string | null;
  /** Why it is held or skipped. */
  readonly reason: string | null;
  /** The run whose success stands for it; null if it ran itself. */
  readonly reused_from: string | null;
  readonly dispatch_attempts: number;
  readonly started_at: string | null;
  readonly finished_at: string | null;
}

/** The limit of a reason from outside. */
const REASON_BYTES = 500;
/** Steps that one sentence names. */
const NAMED = 5;
/** Grainchain's name for the one step of a run that had nothing to run. */
const NOTHING = "none";

/** The verdict in one line of plain text, which GitHub shows as it is; not cut. */
export function headline(run: DescribedRun, digest: Digest): string {
  const reason = reasonOf(run, digest);
  const because = reason === null ? "" : `: ${reason}`;
  switch (run.state) {
    case "held":
      return "waiting for approval";
    case "skipped":
      return run.reason ?? "not validated";
    case "queued":
      return "Waiting for a sandbox";
    case "pending":
    case "running":
      return "Validation is running";
    case "completed":
      return run.conclusion === "success" ? passed(run, digest) : failed(digest, (name) => name);
    case "failed":
      return `The sandbox failed${because}`;
    case "cancelled":
      return "Cancelled";
    case "superseded":
      return "Superseded by a newer commit";
    case "timed_out":
      return "No result from the sandbox in time";
    case "dead":
      return `Could not be started${because}`;
  }
}

/**
 * The verdict and what to do next.
 * @param show how the name of a step is written: in code for Markdown
 */
export function advice(run: DescribedRun, digest: Digest, show: (name: string) => string): string {
  const skipReason = skipReasonOf(digest);
  switch (run.state) {
    case "held":
      return `This change comes from a fork. Someone with write access must approve this commit first: with the Approve button on the check, or with the comment ${show("/validate")}. Look at the change first.`;
    case "skipped":
      return `Not validated on purpose: ${run.reason ?? "the configuration says so"}.`;
    case "queued":
      return "Waiting for a sandbox. There is nothing to do.";
    case "pending":
    case "running":
      return "Validation is running. There is nothing to do: the result will appear here.";
    case "completed":
      if (run.conclusion !== "success")
        return `${failed(digest, show)}. Fix the change and push it. If the failure comes and goes, use Re-run.`;
      if (run.reused_from !== null)
        return "These files already passed in another run, so they were not validated again. There is nothing to do.";
      if (skipReason !== null) return `Skipped: ${show(skipReason)}. There is nothing to do.`;
      if (ranNothing(digest))
        return "Nothing failed, but no step is known to have run. Make sure that the repository says what to run.";
      return `${passed(run, digest)}. There is nothing to do.`;
    case "failed":
      return "The sandbox failed before it could judge the change. This says nothing about the change; use Re-run.";
    case "cancelled":
      return "The validation was cancelled before it had a result. If you still need one, use Re-run.";
    case "superseded":
      return "Superseded by a newer commit. This validation was stopped. Look at the newer commit's check.";
    case "timed_out":
      return "There was no result from the sandbox in time. This says nothing about the change; use Re-run.";
    case "dead":
      return `The validation could not be started${tries(run)}. This says nothing about the change; use Re-run.`;
  }
}

/** The reason of a failure, as its source gave it: one line of plain text, null if none is known. */
export function reasonOf({ state, conclusion, error }: DescribedRun, digest: Digest): string | null {
  const broke = state === "failed" || state === "timed_out" || state === "dead";
  // The error of a completed run may be an old one, from before it was dispatched again.
  const reason = broke ? (error ?? digest.error) : conclusion === "failure" ? digest.error : null;
  return plainLine(reason ?? "", REASON_BYTES) || null;
}

/** Whether no step of a run is known to have run, although its results are complete. */
export const ranNothing = ({ steps, truncated }: Digest): boolean =>
  !truncated && steps.every((step) => step.outcome === "skipped" || isPlaceholder(step));

/** Why no step had to run, as the sandbox gave it: one line of plain text. */
const skipReasonOf = ({ skipped, steps }: Digest): string | null =>
  steps.length > 0 ? null : plainLine(skipped ?? "", REASON_BYTES) || null;

function passed(run: DescribedRun, digest: Digest): string {
  const { steps } = digest;
  const skipReason = skipReasonOf(digest);
  if (skipReason !== null) return `Skipped: ${skipReason}`;
  if (run.reused_from !== null) return "Already passed: same files as an earlier run";
  const took = durationOf(run, digest);
  const time = took === null ? "" : ` in ${durationText(took)}`;
  if (steps.length === 0) return `Passed${time}`;
  if (ranNothing(digest)) return "Nothing was run";
  const good = steps.filter((step) => step.outcome === "passed").length;
  if (good < steps.length) return `${good} of ${count(steps.length)} passed${time}`;
  return `${good === 1 ? "The only step" : `All ${count(good)}`} passed${time}`;
}

function failed({ steps }: Digest, show: (name: string) => string): string {
  const failing = steps.filter(isFailing);
  if (failing.length === 0) return "The validation failed";
  const verb = failing.every((step) => step.outcome === "timed_out") ? "timed out" : "failed";
  const named = failing.slice(0, NAMED).map((step) => show(step.name));
  const more = failing.length > NAMED ? ` and ${failing.length - NAMED} more` : "";
  return `${failing.length} of ${count(steps.length)} ${verb}: ${named.join(", ")}${more}`;
}

const isPlaceholder = ({ name, outcome, exitCode }: Step): boolean =>
  name === NOTHING && outcome === "passed" && exitCode === null;

function durationOf({ started_at, finished_at }: DescribedRun, digest: Digest): number | null {
  if (digest.durationMs !== null) return digest.durationMs;
  const ms = Date.parse(finished_at ?? "") - Date.parse(started_at ?? "");
  return ms >= 0 ? ms : null;
}

const count = (steps: number): string => (steps === 1 ? "1 step" : `${steps} steps`);

const tries = ({ dispatch_attempts: attempts }: DescribedRun): string =>
  attempts > 0 ? ` in ${attempts === 1 ? "1 attempt" : `${attempts} attempts`}` : "";
