/** `POST /webhook/github`: verify, route, queue, acknowledge. No D1 on this path. */

import { type DeliveryFact, MAX_DELIVERY_FACT_BYTES } from "@webhook-gateway/shared/messages/fact.ts";
import { digestOf } from "@webhook-gateway/shared/routing/fingerprint.ts";
import { isRouted, type Route, routeDelivery } from "@webhook-gateway/shared/routing/routing.ts";
import type { RoutingPolicy } from "@webhook-gateway/shared/routing/routing-policy.ts";
import { errorText, type Log } from "@webhook-gateway/shared/telemetry/log.ts";
import { parseJson } from "@webhook-gateway/shared/text/json.ts";
import { exceedsBytes } from "@webhook-gateway/shared/text/text.ts";
import type { AccessGuard } from "../auth/rate-limit.ts";
import type { ApiError } from "../http/api-error.ts";
import { askedValidationId } from "./asked-validation.ts";
import { decodeUtf8, discardBody, MAX_BODY_BYTES, readBody, type Unread } from "./body.ts";
import type { BodyHold, BodyRoom } from "./body-room.ts";
import { createFieldParser } from "./json-projection.ts";
import { EVENTS_WITH_FIELDS, payloadFields } from "./payload-fields.ts";
import type { SecretScope } from "./secret-scope.ts";
import { isSignature } from "./signature.ts";

export interface WebhookDeps {
  readonly verify: (body: Uint8Array, header: string | undefined) => Promise<string | undefined>;
  readonly scopeOf: (label: string) => SecretScope | undefined;
  readonly policy: RoutingPolicy;
  readonly room: BodyRoom;
  readonly queue: Pick<Queue<unknown>, "send">;
  readonly guard: AccessGuard;
  readonly log: Log;
  readonly now: () => Date;
}

/** An answer to GitHub: `accepted` is 202, `done` 200. */
export type WebhookAnswer =
  | { readonly kind: "accepted" | "done"; readonly body: Readonly<Record<string, unknown>> }
  | { readonly kind: "refused"; readonly error: ApiError };

interface DeliveryHeaders {
  readonly event: string;
  readonly id: string;
}

/** An event that is recorded although it has no effect: GitHub expects 200 for it. */
const ANSWERED_200 = "ping";

/** When to send again a delivery that could not be taken, in seconds. */
const RETRY_LATER = { "retry-after": "30" };

const parseCommon = createFieldParser(payloadFields(""));
const PARSERS = new Map(EVENTS_WITH_FIELDS.map((event) => [event, createFieldParser(payloadFields(event))]));

/** A delivery whose signature holds, and what its payload asks for. */
interface SignedDelivery {
  readonly head: DeliveryHeaders;
  readonly log: Log;
  readonly route: Route;
}

/** Receives one delivery. */
export async function receiveDelivery(deps: WebhookDeps, request: Request): Promise<WebhookAnswer> {
  const receivedAt = deps.now();
  const hold = deps.room.hold();
  const signed = await readDelivery(deps, request, receivedAt, hold).finally(hold.release);
  if ("kind" in signed) return signed;
  const { head, log, route } = signed;
  if (route.kind === "ignored") return ignore(log, head.id, route.reason);
  if (route.kind === "invalid") {
    return refuse(log, "invalid_payload", `missing or malformed: ${route.fields.join(", ")}`);
  }
  if (exceedsBytes(JSON.stringify(route.fact), MAX_DELIVERY_FACT_BYTES)) {
    return refuse(log, "invalid_payload", "the fields that routing needs are too long");
  }
  return queueFact({ ...deps, log }, route.fact, receivedAt);
}

/**
 * Clients rely on the order of these checks. The body and its payload are released when this function returns: if they were
 * kept until the queue has answered, they would outlive the young generation, and collecting them would cost more than
 * parsing them.
 */
async function readDelivery(
  deps: WebhookDeps,
  request: Request,
  receivedAt: Date,
  hold: BodyHold,
): Promise<SignedDelivery | WebhookAnswer> {
  const { headers } = request;
  const signature = headers.get("x-hub-signature-256") ?? "";
  // If the headers say that it will be refused anyway, only its length.
  const body = await (isSignature(signature)
    ? readBody(request, MAX_BODY_BYTES, hold)
    : discardBody(request, MAX_BODY_BYTES));
  if (typeof body === "string") return refuseUnread(deps.log, body);
  const head = readHeaders(deps.log, headers);
  if ("kind" in head) return head;
  const log = deps.log.with({ delivery_id: head.id, github_event: head.event });
  const mediaType = mediaTypeOf(headers);
  if (mediaType === undefined) {
    return refuse(
      log,
      "unsupported_media_type",
      "Content-Type must be application/json or application/x-www-form-urlencoded",
    );
  }
  const label = typeof body === "number" ? undefined : await deps.verify(body, signature);
  if (typeof body === "number" || label === undefined) {
    hold.release();
    log.warn("delivery.unsigned", { bytes: typeof body === "number" ? body : body.byteLength });
    const message = "X-Hub-Signature-256 is missing or does not match the body";
    return { kind: "refused", error: await deps.guard.refuseUnsigned(request, message) };
  }
  const signed = log.with({ secret: label, bytes: body.byteLength });
  if (!isRouted(head.event)) return ignore(signed, head.id, `${head.event} events are ignored`);
  const payload = readPayload(head.event, body, mediaType);
  if (payload === undefined) {
    return refuse(signed, "invalid_json", "the payload is not JSON in UTF-8");
  }
  const scope = deps.scopeOf(label);
  if (scope?.covers(head.event, payload) === false) return refuse(signed, NOT_FOR_REPOSITORY, NOT_BOUND);
  const known = { ...head, received_at: receivedAt.toISOString() };
  const route = await routeDelivery(known, payload, deps.policy);
  if (route.kind !== "recorded") return { head, log: signed, route };
  if (scope?.coversAddresses(route.fact) === false) {
    return refuse(signed, NOT_FOR_REPOSITORY, "an address in the payload is not of its repository");
  }
  const fact = scope === undefined ? route.fact : { ...scope.narrow(route.fact), bound_to: [...scope.globs] };
  const digest = await digestOf(signature);
  return { head, log: signed, route: { kind: "recorded", fact: { ...fact, secret: label, digest } } };
}

const NOT_FOR_REPOSITORY = "secret_not_for_repository";
const NOT_BOUND = "the secret that signed this delivery is not valid for its repository";

function refuseUnread(log: Log, why: Unread): WebhookAnswer {
  switch (why) {
    case "too_large":
      return refuse(log, "payload_too_large", "the body is larger than 25 MiB");
    case "broken_off":
      return refuse(log, "invalid_body", "the body was truncated");
    case "no_room":
      return refuse(log, "overloaded", "too many large bodies are arriving", RETRY_LATER);
  }
}

async function queueFact(deps: WebhookDeps, fact: DeliveryFact, receivedAt: Date): Promise<WebhookAnswer> {
  const { log } = deps;
  try {
    await deps.queue.send(fact);
  } catch (thrown) {
    log.error("delivery.not-queued", { error: errorText(thrown) });
    const error = { code: "queue_unavailable", message: "the delivery could not be queued" } as const;
    return { kind: "refused", error: { ...error, headers: RETRY_LATER } };
  }
  log.info("delivery.accepted", {
    action: fact.action,
    repository: fact.repository?.full_name,
    duration_ms: deps.now().getTime() - receivedAt.getTime(),
  });
  const validationId = askedValidationId(fact);
  return {
    kind: fact.event === ANSWERED_200 ? "done" : "accepted",
    body: {
      success: true,
      message: fact.event === ANSWERED_200 ? "pong: the webhook is set up" : "delivery accepted",
      delivery_id: fact.id,
      ...(validationId === undefined ? {} : { validation_id: validationId }),
    },
  };
}

function ignore(log: Log, id: string, reason: string): WebhookAnswer {
  log.info("delivery.ignored", { reason });
  return { kind: "done", body: { success: true, message: `ignored: ${reason}`, delivery_id: id } };
}

function readHeaders(log: Log, headers: Headers): DeliveryHeaders | WebhookAnswer {
  const event = headers.get("x-github-event");
  const id = headers.get("x-github-delivery");
  if (event === null || event === "") return refuse(log, "missing_header", "X-GitHub-Event is missing");
  if (id === null || id === "") return refuse(log, "missing_header", "X-GitHub-Delivery is missing");
  if (!/^\w{1,64}$/.test(event)) return refuse(log, "invalid_header", "X-GitHub-Event is not an event name");
  if (!/^[\w.:-]{1,100}$/.test(id))
    return refuse(log, "invalid_header", "X-GitHub-Delivery is not a valid GUID");
  return { event, id };
}

type MediaType = "json" | "form";

function mediaTypeOf(headers: Headers): MediaType | undefined {
  const type = headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (type === "application/json") return "json";
  return type === "application/x-www-form-urlencoded" ? "form" : undefined;
}

/** GitHub signs the raw body in both forms. It is parsed only after its signature was verified. */
function readPayload(event: string, body: Uint8Array, mediaType: MediaType): unknown {
  if (mediaType === "json") return (PARSERS.get(event) ?? parseCommon)(body);
  const text = decodeUtf8(body);
  if (text === undefined) return undefined;
  return parseJson(new URLSearchParams(text).get("payload"));
}

/** Messages name fields and headers, never their values. */
function refuse(
  log: Log,
  code: ApiError["code"],
  message: string,
  headers: Readonly<Record<string, string>> = {},
): WebhookAnswer {
  log.warn("delivery.refused", { code, reason: message });
  return { kind: "refused", error: { code, message, headers } };
}
