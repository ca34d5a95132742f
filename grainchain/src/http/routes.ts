import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import * as v from "valibot";
import type { Log } from "../log.ts";
import type { Validations } from "../queue/validations.ts";
import { RequestKeySchema, readClientRequestId, readRequest } from "../validation/request.ts";
import { viewValidation } from "../validation/validation.ts";
import { guardAccess } from "./access.ts";
import { acceptedAnswer, errorBody, fullAnswer, invalidAnswer, type TriggerAnswer } from "./answers.ts";

const MAX_BODY_BYTES = 5 * 1024 ** 2;
const MAX_BATCH = 100;
const DEFAULT_LISTED = 20;
const MAX_LISTED = 100;
const RETRY_AFTER_SECONDS = 5;

/** What the routes work with. */
export type RoutesOptions = {
  apiPrefix: string;
  apiKey: string | undefined;
  maxTimeoutMs: number;
  maxConcurrent: number;
  validations: Validations;
  log: Log;
};

const BatchSchema = v.object({ requests: v.array(v.unknown()) });
const LimitSchema = v.pipe(v.string(), v.regex(/^\d{1,9}$/), v.transform(Number), v.minValue(1));

/** The HTTP interface. */
export function createRoutes(options: RoutesOptions): Hono {
  const app = new Hono();
  app.get("/health", (context) => context.json(readHealth(options)));
  app.all("/health", methodNotAllowed("GET, HEAD"));
  app.use(`${options.apiPrefix}/*`, guardAccess(options.apiKey));
  app.use(`${options.apiPrefix}/*`, bodyLimit({ maxSize: MAX_BODY_BYTES, onError: refuseLargeBody }));
  app.route(options.apiPrefix === "" ? "/" : options.apiPrefix, createValidationRoutes(options));
  app.notFound((context) => notFound(context, "there is nothing here"));
  app.onError((error, context) => {
    options.log("server.error", { error: error.name });
    return context.json(errorBody("internal_error", "something went wrong"), 500);
  });
  return app;
}

function createValidationRoutes(options: RoutesOptions): Hono {
  const routes = new Hono();
  routes.post("/trigger", (context) => trigger(context, options));
  routes.all("/trigger", methodNotAllowed("POST"));
  routes.post("/trigger-batch", (context) => triggerBatch(context, options));
  routes.all("/trigger-batch", methodNotAllowed("POST"));
  routes.get("/project/:projectId", (context) => listProject(context, options.validations));
  routes.all("/project/:projectId", methodNotAllowed("GET, HEAD"));
  routes.get("/:id/status", (context) => {
    const validation = options.validations.find(context.req.param("id"));
    return validation === undefined
      ? notFound(context, "no such validation")
      : context.json(viewValidation(validation));
  });
  routes.all("/:id/status", methodNotAllowed("GET, HEAD"));
  routes.delete("/:id/cancel", async (context) => {
    const isCancelled = await options.validations.cancel(context.req.param("id"));
    if (!isCancelled) return notFound(context, "no such validation, or it has finished");
    return context.json({ success: true, message: "validation cancelled" });
  });
  routes.all("/:id/cancel", methodNotAllowed("DELETE"));
  return routes;
}

async function trigger(context: Context, options: RoutesOptions): Promise<Response> {
  const body = await readJson(context);
  if (body.kind === "malformed") return malformedBody(context);
  const key = v.safeParse(v.optional(RequestKeySchema), context.req.header("Idempotency-Key"));
  if (!key.success)
    return context.json(errorBody("invalid_request", `Idempotency-Key ${key.issues[0].message}`), 422);
  const answer = answerRequest(body.data, options, key.output === undefined ? [] : [key.output]);
  if (answer.success) return context.json(answer);
  if (answer.error_class === "permanent")
    return context.json(errorBody("invalid_request", answer.message), 422);
  return outOfCapacity(context);
}

async function triggerBatch(context: Context, options: RoutesOptions): Promise<Response> {
  const body = await readJson(context);
  if (body.kind === "malformed") return malformedBody(context);
  const batch = v.safeParse(BatchSchema, body.data);
  if (!batch.success || batch.output.requests.length === 0) {
    return context.json(errorBody("invalid_request", "requests must be a list of 1 to 100 requests"), 422);
  }
  const { requests } = batch.output;
  if (requests.length > MAX_BATCH) {
    const message = `requests has ${requests.length} items, at most ${MAX_BATCH} are accepted`;
    return context.json(errorBody("batch_too_large", message), 413);
  }
  const results = requests.map((data): TriggerAnswer => {
    const clientRequestId = readClientRequestId(data);
    const answer = answerRequest(data, options, []);
    return clientRequestId === undefined ? answer : { client_request_id: clientRequestId, ...answer };
  });
  if (results.every((answer) => !answer.success && answer.error_class === undefined))
    return outOfCapacity(context);
  return context.json({ results }, results.every((answer) => answer.success) ? 200 : 207);
}

function answerRequest(data: unknown, options: RoutesOptions, headerKeys: readonly string[]): TriggerAnswer {
  const reading = readRequest(data, options.maxTimeoutMs);
  if (reading.kind === "invalid") return invalidAnswer(reading.message);
  const { request } = reading;
  const keys = request.clientRequestId === undefined ? headerKeys : [...headerKeys, request.clientRequestId];
  const acceptance = options.validations.accept(request, keys);
  if (acceptance.kind === "full") return fullAnswer();
  const message = acceptance.kind === "accepted" ? "validation accepted" : "validation was accepted before";
  return acceptedAnswer(acceptance.validation, message);
}

function listProject(context: Context, validations: Validations): Response {
  const limit = v.safeParse(v.optional(LimitSchema, String(DEFAULT_LISTED)), context.req.query("limit"));
  if (!limit.success)
    return context.json(errorBody("invalid_request", "limit must be a whole number from 1"), 422);
  const projectId = context.req.param("projectId") ?? "";
  const all = validations.listProject(projectId);
  const listed = all.slice(0, Math.min(limit.output, MAX_LISTED));
  return context.json({ project_id: projectId, validations: listed.map(viewValidation), total: all.length });
}

function readHealth({ validations, maxConcurrent }: RoutesOptions) {
  const { active, queued, startedTotal } = validations.counts();
  return {
    status: "healthy",
    service: "grainchain",
    active_validations: active,
    max_concurrent_validations: maxConcurrent,
    queued,
    started_total: startedTotal,
  };
}

async function readJson(context: Context): Promise<{ kind: "json"; data: unknown } | { kind: "malformed" }> {
  const text = await context.req.text();
  try {
    return { kind: "json", data: JSON.parse(text) };
  } catch {
    return { kind: "malformed" };
  }
}

function methodNotAllowed(allowed: string): (context: Context) => Response {
  return (context) => {
    context.header("Allow", allowed);
    return context.json(errorBody("method_not_allowed", `only ${allowed} can be used here`), 405);
  };
}

function outOfCapacity(context: Context): Response {
  context.header("Retry-After", String(RETRY_AFTER_SECONDS));
  return context.json(errorBody("out_of_capacity", fullAnswer().message), 429);
}

function malformedBody(context: Context): Response {
  return context.json(errorBody("malformed_json", "the body is not valid JSON"), 400);
}

function refuseLargeBody(context: Context): Response {
  return context.json(errorBody("body_too_large", `the body may have at most ${MAX_BODY_BYTES} bytes`), 413);
}

function notFound(context: Context, message: string): Response {
  return context.json(errorBody("not_found", message), 404);
}
