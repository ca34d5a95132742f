import { type Context, type Handler, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import * as v from "valibot";
import type { Log } from "../log.ts";
import type { SandboxProvider } from "../provider/sandbox-provider.ts";
import type { Validations } from "../queue/validations.ts";
import { RequestKeySchema, readClientRequestId, readRequest } from "../validation/request.ts";
import { viewValidation } from "../validation/validation.ts";
import { guardAccess, guardHost } from "./access.ts";
import { acceptedAnswer, FULL, invalidAnswer, refuse, type TriggerAnswer } from "./answers.ts";

const MAX_BODY_BYTES = 5 * 1024 ** 2;
const MAX_BATCH = 100;
const DEFAULT_LISTED = 20;
const MAX_LISTED = 100;
const RETRY_AFTER_SECONDS = 5;

export type RoutesOptions = {
  apiPrefix: string;
  apiKey: string | undefined;
  /** Other machines can reach it, by whatever name they know it. */
  allowRemote: boolean;
  provider: SandboxProvider["name"];
  isolation: SandboxProvider["isolation"];
  maxTimeoutMs: number;
  maxConcurrent: number;
  validations: Validations;
  log: Log;
};

const JsonSchema = v.pipe(v.string(), v.parseJson());
const BatchSchema = v.object({ requests: v.pipe(v.array(v.unknown()), v.minLength(1)) });
const LimitSchema = v.pipe(v.string(), v.regex(/^\d{1,9}$/), v.transform(Number), v.minValue(1));

export function createRoutes(options: RoutesOptions): Hono {
  const { apiPrefix, apiKey, allowRemote, log } = options;
  const app = new Hono();
  if (!allowRemote) app.use(guardHost);
  route(app, "GET", "/health", (context) => context.json(readHealth(options)));
  app.use(`${apiPrefix}/*`, guardAccess(apiKey));
  app.use(`${apiPrefix}/*`, bodyLimit({ maxSize: MAX_BODY_BYTES, onError: refuseLargeBody }));
  route(app, "POST", `${apiPrefix}/trigger`, (context) => trigger(context, options));
  route(app, "POST", `${apiPrefix}/trigger-batch`, (context) => triggerBatch(context, options));
  route(app, "GET", `${apiPrefix}/project/:projectId`, (context) => listProject(context, options));
  route(app, "GET", `${apiPrefix}/:id/status`, (context) => showStatus(context, options));
  route(app, "DELETE", `${apiPrefix}/:id/cancel`, (context) => cancel(context, options));
  app.notFound((context) => refuse(context, 404, "not_found", "not found"));
  app.onError((error, context) => {
    log("server.error", { error: error.name });
    return refuse(context, 500, "internal_error", "internal error");
  });
  return app;
}

/** Serves one method of a path, and refuses every other one. */
function route(app: Hono, method: "GET" | "POST" | "DELETE", path: string, handler: Handler): void {
  const Allow = method === "GET" ? "GET, HEAD" : method;
  app.on(method, path, handler);
  app.all(path, (context) =>
    refuse(context, 405, "method_not_allowed", `only ${Allow} can be used here`, { Allow }),
  );
}

async function trigger(context: Context, options: RoutesOptions): Promise<Response> {
  const body = v.safeParse(JsonSchema, await context.req.text());
  if (!body.success) return refuseMalformedBody(context);
  const key = v.safeParse(v.optional(RequestKeySchema), context.req.header("Idempotency-Key"));
  if (!key.success) return refuseInvalid(context, `Idempotency-Key ${key.issues[0].message}`);
  const answer = answerRequest(body.output, options, key.output);
  if (answer.success) return context.json(answer);
  if (answer.error_class === "permanent") return refuseInvalid(context, answer.message);
  return refuseForLackOfRoom(context);
}

async function triggerBatch(context: Context, options: RoutesOptions): Promise<Response> {
  const body = v.safeParse(JsonSchema, await context.req.text());
  if (!body.success) return refuseMalformedBody(context);
  const batch = v.safeParse(BatchSchema, body.output);
  if (!batch.success) return refuseInvalid(context, "requests must be a list of 1 to 100 requests");
  const { requests } = batch.output;
  if (requests.length > MAX_BATCH) {
    const message = `requests has ${requests.length} items, at most ${MAX_BATCH} are accepted`;
    return refuse(context, 413, "batch_too_large", message);
  }
  const results = requests.map((data): TriggerAnswer => {
    const clientRequestId = readClientRequestId(data);
    const answer = answerRequest(data, options);
    return clientRequestId === undefined ? answer : { client_request_id: clientRequestId, ...answer };
  });
  if (results.every((answer) => !answer.success && answer.error_class === undefined))
    return refuseForLackOfRoom(context);
  return context.json({ results }, results.every((answer) => answer.success) ? 200 : 207);
}

function answerRequest(
  data: unknown,
  { validations, maxTimeoutMs }: RoutesOptions,
  idempotencyKey?: string,
): TriggerAnswer {
  const reading = readRequest(data, maxTimeoutMs);
  if (reading.kind === "invalid") return invalidAnswer(reading.message);
  const { request } = reading;
  const keys = [idempotencyKey, request.client_request_id].filter((key) => typeof key === "string");
  const acceptance = validations.accept(request, keys);
  if (acceptance.kind === "full") return FULL;
  const message = acceptance.kind === "accepted" ? "validation accepted" : "validation was accepted before";
  return acceptedAnswer(acceptance.validation, message);
}

function listProject(context: Context, { validations }: RoutesOptions): Response {
  const limit = v.safeParse(v.optional(LimitSchema, String(DEFAULT_LISTED)), context.req.query("limit"));
  if (!limit.success) return refuseInvalid(context, "limit must be a whole number of at least 1");
  const projectId = context.req.param("projectId") ?? "";
  const all = validations.history.listProject(projectId);
  const listed = all.slice(0, Math.min(limit.output, MAX_LISTED));
  return context.json({ project_id: projectId, validations: listed.map(viewValidation), total: all.length });
}

function showStatus(context: Context, { validations }: RoutesOptions): Response {
  const validation = validations.history.find(context.req.param("id") ?? "");
  if (validation === undefined) return refuse(context, 404, "not_found", "no such validation");
  return context.json(viewValidation(validation));
}

async function cancel(context: Context, { validations }: RoutesOptions): Promise<Response> {
  const isCancelled = await validations.cancel(context.req.param("id") ?? "");
  if (!isCancelled) return refuse(context, 404, "not_found", "no such validation, or it has finished");
  return context.json({ success: true, message: "validation cancelled" });
}

function readHealth({ validations, maxConcurrent, provider, isolation }: RoutesOptions) {
  const { active, queued, startedTotal } = validations.counts();
  return {
    status: "healthy",
    service: "grainchain",
    provider,
    isolation,
    active_validations: active,
    max_concurrent_validations: maxConcurrent,
    queued,
    started_total: startedTotal,
  };
}

const refuseInvalid = (context: Context, message: string): Response =>
  refuse(context, 422, "invalid_request", message);

const refuseMalformedBody = (context: Context): Response =>
  refuse(context, 400, "malformed_json", "the body is not valid JSON");

const refuseLargeBody = (context: Context): Response =>
  refuse(context, 413, "body_too_large", `the body may have at most ${MAX_BODY_BYTES} bytes`);

const refuseForLackOfRoom = (context: Context): Response =>
  refuse(context, 429, "out_of_capacity", FULL.message, { "Retry-After": String(RETRY_AFTER_SECONDS) });
