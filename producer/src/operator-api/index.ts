/** The operator API under `/api`: authenticated, validated and never cached. */

import { bearerToken } from "@webhook-gateway/shared/config/secret.ts";
import { CursorError } from "@webhook-gateway/shared/store/read/cursor.ts";
import { type Context, Hono } from "hono";
import * as v from "valibot";
import { actorOf, type Caller } from "../auth/caller.ts";
import type { IdentifyByAccess } from "../auth/cloudflare-access.ts";
import type { AccessGuard } from "../auth/rate-limit.ts";
import type { FindHolder } from "../auth/tokens.ts";
import { isCrossSite } from "../dashboard/same-origin.ts";
import { type ApiError, errorResponse, type Refused } from "../http/api-error.ts";
import { decodeUtf8, readBody } from "../ingress/body.ts";
import { openApiDocument } from "./openapi.ts";
import { recordRefusal } from "./refusal.ts";
import type { Answer, OperatorDeps, Route } from "./route.ts";
import { ROUTES } from "./routes.ts";

export interface OperatorApiDeps extends OperatorDeps {
  readonly findHolder: FindHolder;
  readonly identifyByAccess: IdentifyByAccess;
  readonly guard: AccessGuard;
}

type ApiContext = Context<{ Variables: { requestId: string } }>;

/** The largest body is a scope of ids: 1,000 ids of 300 bytes. */
const MAX_BODY_BYTES = 512 * 1024;

/** Mount it at `/api`. */
export function createOperatorApi(deps: OperatorApiDeps) {
  const api = new Hono<{ Variables: { requestId: string } }>({ strict: false });

  // This includes refusals, failures and unknown paths.
  api.use(async (context, next) => {
    await next();
    context.res.headers.set("cache-control", "no-store");
  });

  const refuse = (context: ApiContext, error: ApiError): Response =>
    errorResponse(error, context.var.requestId);

  async function identify(context: ApiContext): Promise<Caller | Refused> {
    const request = context.req.raw;
    const limited = deps.guard.refuseLimited(request, "token");
    if (limited !== undefined) return { error: limited };
    const header = context.req.header("authorization");
    const caller =
      header === undefined
        ? await deps.identifyByAccess(request)
        : await deps.findHolder(bearerToken(header) ?? "");
    if (caller !== undefined && "error" in caller && caller.error.code !== "unauthorized") return caller;
    if (caller !== undefined && !("error" in caller)) {
      // A browser sends what Access goes by with every request, also with those that other sites make it send.
      const isForced = header === undefined && request.method !== "GET" && isCrossSite(request);
      return isForced ? { error: CROSS_SITE } : caller;
    }
    const message = caller?.error.message ?? "a bearer token of an operator or a reader is required";
    return { error: await deps.guard.refuseUnauthorized(request, "token", message) };
  }

  for (const route of ROUTES) {
    const path = route.path.replaceAll(/\{(\w+)\}/g, ":$1");
    api.on(route.method, path, async (context) => {
      const caller = await identify(context);
      if ("error" in caller) return refuse(context, caller.error);
      const id = context.req.param("id") ?? "";
      const actor = actorOf(caller);
      if (route.action !== undefined && caller.role === "reader") {
        deps.guard.noteForbidden(context.req.raw, actor);
        await recordRefusal(deps, {
          ...{ actor, action: route.action },
          ...{ target: id || null, reason: READER.message },
        });
        return refuse(context, READER);
      }
      const input = await readInput(context, route);
      if ("error" in input) return refuse(context, input.error);
      const log = deps.log.with({ request_id: context.var.requestId });
      const answer = await answerOf(() => route.handle({ ...input, deps: { ...deps, log }, id, actor }));
      return "error" in answer ? refuse(context, answer.error) : render(context, answer);
    });
  }

  api.get("/openapi.json", async (context) => {
    const caller = await identify(context);
    return "error" in caller ? refuse(context, caller.error) : context.json(openApiDocument());
  });

  for (const [path, allow] of allowed()) {
    api.all(path, (context) => {
      const message = `this path only accepts ${allow}`;
      return refuse(context, { code: "method_not_allowed", message, headers: { allow } });
    });
  }
  return api;
}

type Input = { readonly query: unknown; readonly body: unknown } | Refused;

async function readInput(context: ApiContext, route: Route): Promise<Input> {
  const query = route.query === undefined ? undefined : v.safeParse(route.query, context.req.query());
  if (query?.success === false) return { error: refused("invalid_query", query.issues) };
  if (route.body === undefined) return { query: query?.output, body: undefined };
  const bytes = await readBody(context.req.raw, MAX_BODY_BYTES);
  if (bytes === "too_large") {
    return { error: { code: "payload_too_large", message: "the body is too large" } };
  }
  if (typeof bytes === "string") {
    return { error: { code: "invalid_body", message: "the body was truncated" } };
  }
  const text = route.mayOmitBody === true && bytes.length === 0 ? "{}" : decodeUtf8(bytes);
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), notList, route.body), text);
  if (!parsed.success) return { error: refused("invalid_body", parsed.issues) };
  return { query: query?.output, body: parsed.output };
}

/** To valibot a list is an object without fields, so it passes for an object whose fields are all optional. */
const notList = v.check((body: unknown) => !Array.isArray(body), "is a list");

const MAX_NAME = 60;

/** Names of fields only: an issue's own text quotes what was received. */
function refused(code: "invalid_query" | "invalid_body", issues: readonly v.BaseIssue<unknown>[]): ApiError {
  const names = issues.map((issue) => v.getDotPath(issue)?.slice(0, MAX_NAME) ?? "the whole input");
  return { code, message: `missing or invalid: ${[...new Set(names)].slice(0, 10).join(", ")}` };
}

async function answerOf(handle: () => Promise<Answer>): Promise<Answer> {
  try {
    return await handle();
  } catch (thrown) {
    if (thrown instanceof CursorError) return { error: { code: "invalid_query", message: thrown.message } };
    throw thrown;
  }
}

function render(context: ApiContext, answer: Exclude<Answer, { error: ApiError }>): Response {
  if ("text" in answer) return context.body(answer.text, 200, { "content-type": answer.contentType });
  // The schemas of the answers are JSON, which Hono's types cannot see.
  return context.json(answer.body as Record<string, unknown>, answer.status ?? 200);
}

const CROSS_SITE: ApiError = { code: "forbidden", message: "this was sent by another site" };
const READER: ApiError = { code: "forbidden", message: "a reader may only read" };

function allowed(): [path: string, allow: string][] {
  const methods = new Map<string, string[]>([["/openapi.json", ["GET", "HEAD"]]]);
  for (const { method, path } of ROUTES) {
    const key = path.replaceAll(/\{(\w+)\}/g, ":$1");
    methods.set(key, [...(methods.get(key) ?? []), ...(method === "GET" ? ["GET", "HEAD"] : [method])]);
  }
  return [...methods].map(([path, list]) => [path, list.join(", ")]);
}
