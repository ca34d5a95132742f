/** `POST /webhook/status` and its capability form: Grainchain reports the status of a validation. */

import type { Archive } from "@webhook-gateway/shared/archive/archive.ts";
import { keepResults } from "@webhook-gateway/shared/domain/results/keep.ts";
import { isObject, type ResultsObject } from "@webhook-gateway/shared/domain/results/summary.ts";
import { judge } from "@webhook-gateway/shared/domain/results/verdict.ts";
import { GRAINCHAIN_STATUSES } from "@webhook-gateway/shared/domain/validation.ts";
import { type CallbackFact, FACT_VERSION } from "@webhook-gateway/shared/messages/fact.ts";
import { isGrainchainId } from "@webhook-gateway/shared/runs/grainchain-id.ts";
import { readRunTimes } from "@webhook-gateway/shared/runs/run-times.ts";
import { errorText, type Log } from "@webhook-gateway/shared/telemetry/log.ts";
import { parseJson } from "@webhook-gateway/shared/text/json.ts";
import { parseTime } from "@webhook-gateway/shared/text/utc-time.ts";
import * as v from "valibot";
import type { AccessGuard, RateLimit } from "../auth/rate-limit.ts";
import type { ApiError } from "../http/api-error.ts";
import { decodeUtf8, discardBody, MAX_BODY_BYTES, readBody, type Unread } from "../ingress/body.ts";
import type { BodyHold, BodyRoom } from "../ingress/body-room.ts";
import { type Authentication, type Authenticator, type Capability, hasSignature } from "./authentication.ts";
import { type Stored, storeLargeResults } from "./large-results.ts";

export interface CallbackDeps {
  readonly authenticator: Authenticator;
  readonly room: BodyRoom;
  readonly queue: Pick<Queue<unknown>, "send">;
  readonly db: D1Database;
  /** Undefined if the environment has none. */
  readonly archive?: Archive | undefined;
  readonly guard: AccessGuard;
  readonly rateLimit: RateLimit;
  readonly log: Log;
  readonly now: () => Date;
  readonly newId: () => string;
}

/** Undefined: accepted. */
export type CallbackAnswer = ApiError | undefined;

/** Results of up to 1 MiB are kept; of larger ones, a summary. */
const MAX_CALLBACK_BYTES = 4 * 1024 * 1024;

const RETRY_AFTER = { "retry-after": "10" };

/** GitHub's longest owner and repository names, with room. */
const shortText = v.pipe(v.string(), v.minLength(1), v.maxLength(200));

const callbackBody = v.object({
  validation_id: v.optional(v.nullable(shortText)),
  project_id: shortText,
  pr_number: v.pipe(v.number(), v.safeInteger()),
  status: v.picklist(GRAINCHAIN_STATUSES),
  // Not `v.record`, which takes arrays too.
  results: v.optional(v.nullable(v.custom<ResultsObject>(isObject))),
  timestamp: v.optional(v.unknown()),
  started_at: v.optional(v.unknown()),
  completed_at: v.optional(v.unknown()),
});
type CallbackBody = v.InferOutput<typeof callbackBody>;

export async function receiveCallback(
  deps: CallbackDeps,
  request: Request,
  capability: Capability | undefined,
): Promise<CallbackAnswer> {
  const hold = deps.room.hold();
  const read = await readCallback(deps, request, capability, hold).finally(hold.release);
  if ("code" in read) return read;
  const { authentication, body } = read;
  const { idKind, secret } = authentication;
  const id = idKind === "ours" ? capability?.validationId : body.validation_id;
  if (id === undefined || id === null) return invalid(deps.log, ["validation_id"]);
  const log = deps.log.with({ secret });
  return queueCallback({ ...deps, log }, { id_kind: idKind, validation_id: id }, body);
}

interface AuthenticCallback {
  readonly authentication: Authentication;
  readonly body: CallbackBody;
}

/**
 * Credentials come first: the body of a stranger is read only if its signature could be right. A signature does not let a
 * client that is over its limit guess anything else.
 */
async function readCallback(
  deps: CallbackDeps,
  request: Request,
  capability: Capability | undefined,
  hold: BodyHold,
): Promise<AuthenticCallback | ApiError> {
  const { authenticator, guard } = deps;
  const signed = hasSignature(request.headers);
  const known = guard.isLimited(request, "callback")
    ? undefined
    : await authenticator.byCredential(request.headers, capability);
  if (known === undefined && !signed) {
    await discardBody(request, MAX_BODY_BYTES, true);
    return guard.refuseLimited(request, "callback") ?? refuseCallback(deps, request, capability);
  }
  const body = await readBody(request, MAX_CALLBACK_BYTES, known === undefined ? hold : undefined);
  if (typeof body === "string") return refuseUnread(body);
  const authentication = known ?? (await authenticator.bySignature(request.headers, body));
  if (authentication === undefined) return refuseCallback(deps, request, capability);
  const parsed = parseCallback(deps.log, body);
  return "code" in parsed ? parsed : { authentication, body: parsed };
}

function refuseCallback(
  { guard, log }: CallbackDeps,
  request: Request,
  capability: Capability | undefined,
): Promise<ApiError> {
  log.warn("callback.unauthorized", { capability: capability !== undefined });
  return guard.refuseUnauthorized(request, "callback", "the callback is not authenticated");
}

function refuseUnread(why: Unread): ApiError {
  switch (why) {
    case "too_large":
      return { code: "payload_too_large", message: "the body is larger than 4 MiB" };
    case "broken_off":
      return { code: "invalid_body", message: "the body was truncated" };
    case "no_room":
      return { code: "overloaded", message: "too many large bodies are arriving", headers: RETRY_AFTER };
  }
}

function parseCallback(log: Log, bytes: Uint8Array): CallbackBody | ApiError {
  const json = parseJson(decodeUtf8(bytes));
  if (json === undefined) {
    log.warn("callback.invalid", { reason: "not JSON" });
    return { code: "invalid_json", message: "the body is not JSON in UTF-8" };
  }
  const parsed = v.safeParse(callbackBody, json);
  if (parsed.success) return parsed.output;
  return invalid(
    log,
    parsed.issues.map((issue) => v.getDotPath(issue) ?? "body"),
  );
}

async function queueCallback(
  deps: CallbackDeps,
  named: Pick<CallbackFact, "id_kind" | "validation_id">,
  body: CallbackBody,
): Promise<CallbackAnswer> {
  const { results } = body;
  const id = deps.newId();
  const now = deps.now();
  const log = deps.log.with({ callback_id: id, validation_id: named.validation_id, status: body.status });
  const kept = results === undefined || results === null ? undefined : keepResults(results);
  let stored: Stored | undefined;
  if (kept?.kind === "stored") {
    try {
      const callback = { id, ...named, status: body.status };
      stored = await storeLargeResults({ ...deps, log }, callback, kept, now.toISOString());
    } catch (thrown) {
      log.error("callback.not-stored", { error: errorText(thrown) });
      return {
        code: "storage_unavailable",
        message: "the results could not be stored",
        headers: RETRY_AFTER,
      };
    }
  }
  const carried = kept?.kind === "inline" ? kept.results : digestIn(stored);
  const fact: CallbackFact = {
    v: FACT_VERSION,
    kind: "callback",
    id,
    received_at: now.toISOString(),
    ...named,
    grainchain_id: named.id_kind === "ours" ? givenGrainchainId(named.validation_id, body) : null,
    project_id: body.project_id,
    pr_number: body.pr_number,
    status: body.status,
    ...judge(body.status, results),
    ...readRunTimes(body, results),
    occurred_at: parseTime(body.timestamp),
    ...(carried === undefined ? {} : { results: carried }),
    results_stored: stored?.kind === "stored",
  };
  try {
    await deps.queue.send(fact);
  } catch (thrown) {
    log.error("callback.not-queued", { error: errorText(thrown) });
    return { code: "queue_unavailable", message: "the callback could not be queued", headers: RETRY_AFTER };
  }
  log.info("callback.accepted", { results: stored?.kind ?? kept?.kind ?? "none" });
  return undefined;
}

const digestIn = (stored: Stored | undefined) =>
  stored !== undefined && "digest" in stored ? stored.digest : undefined;

/** In the capability form, the body carries Grainchain's own id. One that cannot be used is left out. */
function givenGrainchainId(ours: string, body: CallbackBody): string | null {
  const given = body.validation_id ?? null;
  return given === null || given === ours || !isGrainchainId(given) ? null : given;
}

/** Logged, because the validation will get no further callback and time out. Names fields, never their values. */
function invalid(log: Log, paths: readonly string[]): ApiError {
  const fields = [...new Set(paths)].slice(0, 10);
  log.warn("callback.invalid", { fields: fields.join(" ") });
  return { code: "invalid_payload", message: `missing or malformed: ${fields.join(", ")}` };
}
