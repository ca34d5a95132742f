/**
 * A state change as a CloudEvent (https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md). A
 * validation is a test suite run of CDEvents (https://github.com/cdevents/spec/blob/v0.5.1/testing-events.md); states that
 * CDEvents does not know have types of our own. Pure.
 */
import type { ValidationState } from "@webhook-gateway/shared/domain/validation.ts";
import type { KnownEvent } from "./known-event.ts";
import type { SinkMessage } from "./sink.ts";

const CDEVENTS_VERSION = "0.5.1";
const TEST_SUITE_RUN = {
  queued: "dev.cdevents.testsuiterun.queued.0.3.0",
  started: "dev.cdevents.testsuiterun.started.0.3.0",
  finished: "dev.cdevents.testsuiterun.finished.0.3.0",
} as const;

/** Where the events come from. */
export interface EventSource {
  /** The gateway's address. */
  readonly url: string;
  readonly environment: string;
}

/** The message for one state change. */
export function cloudEvent(event: KnownEvent, source: EventSource): SinkMessage {
  const type = typeOf(event.to_state);
  const body = {
    specversion: "1.0",
    id: event.id,
    source: source.url,
    type,
    subject: event.validation_id,
    time: event.at,
    sequence: event.sequence,
    datacontenttype: "application/json",
    data: type.startsWith("dev.cdevents.") ? cdEvent(event, type, source) : detailsOf(event),
  };
  return { id: event.id, contentType: "application/cloudevents+json", body: JSON.stringify(body) };
}

function typeOf(state: ValidationState): string {
  switch (state) {
    case "queued":
      return TEST_SUITE_RUN.queued;
    case "running":
      return TEST_SUITE_RUN.started;
    case "completed":
    case "failed":
    case "cancelled":
    case "superseded":
    case "timed_out":
    case "dead":
      return TEST_SUITE_RUN.finished;
    case "held":
    case "dispatching":
    case "pending":
    case "skipped":
      return `webhook-gateway.validation.${state}`;
  }
}

function cdEvent(event: KnownEvent, type: string, source: EventSource) {
  const environment = { id: source.environment, source: source.url };
  const trigger = { type: "event", ...(isUri(event.pr_url) ? { uri: event.pr_url } : {}) };
  const content =
    type === TEST_SUITE_RUN.finished
      ? { environment, outcome: outcomeOf(event), reason: event.reason }
      : { environment, trigger };
  return {
    context: {
      specversion: CDEVENTS_VERSION,
      id: event.id,
      source: source.url,
      type,
      timestamp: event.at,
    },
    subject: { id: event.validation_id, source: source.url, content },
    customData: detailsOf(event),
    customDataContentType: "application/json",
  };
}

function outcomeOf({ to_state, conclusion }: KnownEvent): "success" | "failure" | "cancel" | "error" {
  if (to_state === "completed") return conclusion ?? "error";
  return to_state === "cancelled" || to_state === "superseded" ? "cancel" : "error";
}

/** What the gateway knows of it, in the words of its API. */
const detailsOf = (event: KnownEvent) => ({
  validation_id: event.validation_id,
  repository: event.repository,
  event: event.event,
  pr_number: event.pr_number,
  pr_url: event.pr_url,
  ref: event.ref,
  head_sha: event.head_sha,
  base_sha: event.base_sha,
  run: event.run,
  delivery_id: event.delivery_id,
  from_state: event.from_state,
  state: event.to_state,
  conclusion: event.conclusion,
  reason: event.reason,
});

const isUri = (text: string): boolean => /^https?:$/.test(URL.parse(text)?.protocol ?? "");
