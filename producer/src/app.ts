/** The producer's HTTP surface. */

import type { Archive } from "@webhook-gateway/shared/archive/archive.ts";
import {
  callbackSecrets,
  type ProducerConfig,
  webhookSecrets,
} from "@webhook-gateway/shared/config/producer.ts";
import { bearerToken } from "@webhook-gateway/shared/config/secret.ts";
import { createRoutingPolicy } from "@webhook-gateway/shared/routing/routing-policy.ts";
import { isUnavailable } from "@webhook-gateway/shared/store/unavailable.ts";
import { errorText, type Log } from "@webhook-gateway/shared/telemetry/log.ts";
import { VERSION } from "@webhook-gateway/shared/version.ts";
import { type Context, Hono, type Next } from "hono";
import { etag } from "hono/etag";
import { createAccess } from "./auth/cloudflare-access.ts";
import { type AuthRealm, createAccessGuard, type RateLimit } from "./auth/rate-limit.ts";
import { createTokens } from "./auth/tokens.ts";
import { type Capability, createAuthenticator } from "./callback/authentication.ts";
import { receiveCallback } from "./callback/status-callback.ts";
import { createDashboardData } from "./dashboard/data.ts";
import { createDashboard } from "./dashboard/index.tsx";
import { createHealth } from "./health/health.ts";
import { type ProjectStatusAnswer, projectStatus } from "./health/project-status.ts";
import { createSharedAnswers } from "./health/shared-answer.ts";
import { watchQueue } from "./health/watched-queue.ts";
import { type ApiError, errorResponse } from "./http/api-error.ts";
import { setCommonHeaders } from "./http/common-headers.ts";
import { createBodyRoom } from "./ingress/body-room.ts";
import { receiveDelivery } from "./ingress/github-webhook.ts";
import { createSecretScopes } from "./ingress/secret-scope.ts";
import { createVerifier } from "./ingress/signature.ts";
import { createOperatorApi } from "./operator-api/index.ts";
import { RUNS } from "./run-page/frame.tsx";
import { createRunPages } from "./run-page/index.tsx";
import { loadRun } from "./run-page/load-run.ts";

export interface AppDeps {
  readonly config: ProducerConfig;
  readonly db: D1Database;
  /** Undefined if the environment has none. */
  readonly archive: Archive | undefined;
  readonly queue: Pick<Queue<unknown>, "send">;
  readonly rateLimit: RateLimit;
  readonly countRefusal: (realm: AuthRealm) => void;
  /** Lets work go on after the response. */
  readonly waitUntil: (work: Promise<unknown>) => void;
  readonly log: Log;
  readonly now: () => Date;
  readonly newId: () => string;
  /** Only for the keys of Cloudflare Access. */
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
}

interface AppEnv {
  /** Passed with each request instead of set by a middleware: Hono does not compose a route that has a single handler. */
  readonly Bindings: { readonly requestId: string };
  /** For the operator API and the dashboard, which have middleware anyway. */
  readonly Variables: { requestId: string };
}

type AppContext = Context<AppEnv>;

/** Every response carries `x-request-id` and the security headers for browsers. */
export function createApp(deps: AppDeps) {
  const { routes, answerDelivery } = createRoutes(deps);
  return {
    async fetch(request: Request): Promise<Response> {
      const requestId = deps.newId();
      const { method, url } = request;
      const isDelivery = method === "POST" && DELIVERY_URL.test(url);
      const response = await (isDelivery
        ? answerDelivery(request, requestId)
        : routes.fetch(request, { requestId }));
      return setCommonHeaders(response, { method, url }, requestId);
    },
  };
}

function createRoutes(appDeps: AppDeps) {
  const { config, now } = appDeps;
  const queue = watchQueue(appDeps.queue, now);
  const guard = createAccessGuard({ ...appDeps, limit: appDeps.rateLimit });
  const deps = {
    ...appDeps,
    guard,
    queue,
    findHolder: createTokens(config),
    identifyByAccess: createAccess({ config, now, fetch: appDeps.fetch }),
    room: createBodyRoom(now),
  };
  const health = createHealth({ ...deps, environment: config.ENVIRONMENT });
  const secrets = webhookSecrets(config);
  const shareStatus = createSharedAnswers<ProjectStatusAnswer>(deps);
  const authenticator = createAuthenticator(callbackSecrets(config), config.CALLBACK_BEARER);

  const app = new Hono<AppEnv>({ strict: false });

  const answerThrown = (thrown: unknown, requestId: string): Response => {
    deps.log.error("request.failed", { request_id: requestId, error: errorText(thrown) });
    return errorResponse(isUnavailable(thrown) ? STORAGE_UNAVAILABLE : INTERNAL_ERROR, requestId);
  };
  app.onError((thrown, context) => answerThrown(thrown, context.env.requestId));
  app.notFound((context) => refuse(context, NOT_FOUND));

  const logOf = (requestId: string): Log => deps.log.with({ request_id: requestId });

  const webhookDeps = {
    ...deps,
    verify: createVerifier(secrets),
    scopeOf: createSecretScopes(secrets),
    policy: createRoutingPolicy(config),
  };
  /** Not one of the router's routes: this path has to be fast. */
  const answerDelivery = async (request: Request, requestId: string): Promise<Response> => {
    try {
      const answer = await receiveDelivery({ ...webhookDeps, log: logOf(requestId) }, request);
      if (answer.kind === "refused") return errorResponse(answer.error, requestId);
      return Response.json(answer.body, { status: answer.kind === "accepted" ? 202 : 200 });
    } catch (thrown) {
      return answerThrown(thrown, requestId);
    }
  };

  const callback = async (context: AppContext, capability: Capability | undefined) => {
    const callbackDeps = { ...deps, authenticator, log: logOf(context.env.requestId) };
    const error = await receiveCallback(callbackDeps, context.req.raw, capability);
    if (error !== undefined) return refuse(context, error);
    // CodegenApp's servers, which call the path that they were given, log anything but 200 as a failure.
    const status = capability === undefined ? 202 : 200;
    return context.json({ success: true, message: "Status update received" }, status);
  };

  const status = async (context: AppContext, projectId: string) => {
    const open = config.PROJECT_STATUS_PUBLIC;
    if (!open) {
      const limited = guard.refuseLimited(context.req.raw, "token");
      if (limited !== undefined) return refuse(context, limited);
      if ((await deps.findHolder(bearerToken(context.req.header("authorization")) ?? "")) === undefined) {
        const message = "a bearer token of an operator or a reader is required";
        return refuse(context, await guard.refuseUnauthorized(context.req.raw, "token", message));
      }
    }
    const answer = await (open
      ? shareStatus(projectId.toLowerCase(), () => projectStatus(deps.db, projectId))
      : projectStatus(deps.db, projectId));
    if ("error" in answer) return refuse(context, answer.error);
    // If it is public, all clients of an isolate together cost D1 one read of a project in five seconds.
    context.header("cache-control", open ? "public, max-age=5" : "private, no-cache");
    return context.json(answer.body);
  };

  app.get("/", (context) => {
    const html = context.req.header("accept")?.includes("text/html") === true;
    if (html) return context.redirect("/dashboard");
    return context.json({ service: "webhook-gateway", version: VERSION, status: "running" });
  });
  app.get("/health", async (context) => {
    const report = await health();
    context.header("cache-control", "no-store");
    return context.json(report, report.status === "unhealthy" ? 503 : 200);
  });
  // A delivery does not come here: it is another method, or another spelling of the path.
  app.all("/webhook/github", (context) =>
    DELIVERY_URL.test(context.req.raw.url) ? refuseMethod(context, "POST") : refuse(context, NOT_FOUND),
  );
  app.post("/webhook/status", (context) => callback(context, undefined));
  for (const path of CALLBACK_PATHS) {
    app.post(path, (context) =>
      callback(context, {
        validationId: context.req.param("validation_id"),
        token: context.req.param("token"),
      }),
    );
  }
  app.use("/webhook/projects/*", etag());
  app.get("/webhook/projects/:owner/:repo/status", (context) =>
    status(context, `${context.req.param("owner")}/${context.req.param("repo")}`),
  );
  app.get("/webhook/projects/:project/status", (context) => status(context, context.req.param("project")));

  const carryRequestId = (context: AppContext, next: Next) => {
    context.set("requestId", context.env.requestId);
    return next();
  };
  app.use("/api/*", carryRequestId);
  app.use("/dashboard/*", carryRequestId);
  const operatorDeps = { ...deps, environment: config.ENVIRONMENT };
  app.route("/api", createOperatorApi(operatorDeps));
  app.route("/dashboard", createDashboard({ ...deps, data: createDashboardData(operatorDeps, health) }));

  app.route(RUNS, createRunPages({ ...deps, load: (id, at) => loadRun(deps, id, at) }));

  for (const [path, allow] of METHODS) {
    app.all(path, (context) => refuseMethod(context, allow));
  }
  return { routes: app, answerDelivery };
}

/**
 * The router treats escapes and a trailing slash as the same path. This path has to match exactly, because a firewall
 * rule names it (docs/security.md).
 */
const DELIVERY_URL = /^https?:\/\/[^/]+\/webhook\/github(?:[?#]|$)/;

const NOT_FOUND: ApiError = { code: "not_found", message: "not found" };
const INTERNAL_ERROR: ApiError = { code: "internal_error", message: "internal error" };
const STORAGE_UNAVAILABLE: ApiError = {
  code: "storage_unavailable",
  message: "the gateway's storage does not respond",
  headers: { "retry-after": "10" },
};

const CALLBACK_PATHS = [
  "/callbacks/:validation_id/:token/webhook/status",
  "/callbacks/:validation_id/:token",
] as const;

/** The other known paths and their methods. Any other method is refused. */
const METHODS = [
  ["/", "GET, HEAD"],
  ["/health", "GET, HEAD"],
  ["/webhook/status", "POST"],
  ...CALLBACK_PATHS.map((path) => [path, "POST"] as const),
  ["/webhook/projects/:owner/:repo/status", "GET, HEAD"],
  ["/webhook/projects/:project/status", "GET, HEAD"],
] as const;

const refuse = (context: AppContext, error: ApiError): Response =>
  errorResponse(error, context.env.requestId);

const refuseMethod = (context: AppContext, allow: string): Response =>
  refuse(context, {
    code: "method_not_allowed",
    message: `this path only accepts ${allow}`,
    headers: { allow },
  });
