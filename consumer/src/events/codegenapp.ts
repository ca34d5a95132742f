/** A state change in the shape of a Grainchain callback, which CodegenApp's backend takes (docs/grainchain-api.md). Pure. */
import type { ResultsObject } from "@webhook-gateway/shared/domain/results/summary.ts";
import type { GrainchainStatus, ValidationState } from "@webhook-gateway/shared/domain/validation.ts";
import type { KnownEvent } from "./known-event.ts";
import type { SinkMessage } from "./sink.ts";

/** The message for one state change. @param given the whole results of what has ended; null if there are none */
export function codegenAppMessage(event: KnownEvent, given: ResultsObject | null): SinkMessage {
  const results = resultsOf(event, given);
  const body = {
    validation_id: event.validation_id,
    project_id: event.repository,
    pr_number: event.pr_number,
    pr_url: event.pr_url,
    status: statusOf(event.to_state),
    ...(results === undefined ? {} : { results }),
    timestamp: event.at,
  };
  return { id: event.id, contentType: "application/json", body: JSON.stringify(body) };
}

function statusOf(state: ValidationState): GrainchainStatus {
  switch (state) {
    case "held":
    case "queued":
    case "dispatching":
    case "pending":
      return "pending";
    case "running":
      return "running";
    // What is skipped satisfies its check.
    case "completed":
    case "skipped":
      return "completed";
    case "failed":
    case "timed_out":
    case "dead":
      return "failed";
    case "cancelled":
    case "superseded":
      return "cancelled";
  }
}

function resultsOf(
  { to_state, at, reason, error, conclusion }: KnownEvent,
  given: ResultsObject | null,
): object | undefined {
  // Where the archive has them is nobody else's business.
  const { archived: _, ...results } = given ?? {};
  switch (to_state) {
    case "completed":
      return { ...results, success: conclusion === "success" };
    case "skipped":
      return { success: true, skipped: true, reason, completed_at: at };
    case "failed":
    case "timed_out":
    case "dead":
      return { error: error ?? reason, failed_at: at, ...results };
    default:
      return undefined;
  }
}
