/**
 * The operator's dashboard: pages made on the server, readable without a script. Who may look is asked by HTTP
 * Basic; who may act has the operator's token, and comes from a form of these pages.
 */

import { CursorError } from "@webhook-gateway/shared/store/read/page.ts";
import { isUnavailable } from "@webhook-gateway/shared/store/unavailable.ts";
import { errorText } from "@webhook-gateway/shared/telemetry/log.ts";
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { etag } from "hono/etag";
import type { ApiError } from "../http/api-error.ts";
import { addOrders } from "./actions.tsx";
import { asset } from "./assets.ts";
import type { DashboardContext, DashboardDeps, DashboardEnv } from "./context.ts";
import { securityHeaders } from "./headers.ts";
import { noticeOf } from "./notice.ts";
import { refuse } from "./respond.tsx";
import { addPages } from "./routes.tsx";
import { isSameOrigin } from "./same-origin.ts";
import { identify } from "./visitor.ts";

export type { DashboardDeps } from "./context.ts";
export type { DashboardData } from "./data.ts";

/** A form is a scope of ids at most: 1,000 ids of 300 bytes. */
const MAX_FORM_BYTES = 512 * 1024;

/** To be mounted at `/dashboard`. */
export function createDashboard(deps: DashboardDeps) {
  const { config, failedSignatures } = deps;
  const app = new Hono<DashboardEnv>({ strict: false });

  app.onError((thrown, context) => answerThrown(thrown, context, deps));
  app.use(async (context, next) => {
    if (context.var.requestId === undefined) context.set("requestId", deps.newId());
    return next();
  });
  app.use(securityHeaders());
  app.get("/assets/:version/:name", etag(), (context) => {
    const { version, name } = context.req.param();
    return asset(version, name) ?? refuse(context, NOTHING);
  });
  app.use(async (context, next) => {
    const visitor = await identify(config, failedSignatures, context.req.raw);
    if ("error" in visitor) return refuse(context, visitor.error);
    const notice = noticeOf(context.req.url);
    context.set("visitor", visitor);
    context.set("view", {
      now: deps.now(),
      role: visitor.role,
      environment: config.ENVIRONMENT,
      ...(notice === undefined ? {} : { notice }),
    });
    return next();
  });
  app.on("POST", "*", async (context, next) => {
    if (!isSameOrigin(context.req.raw)) return refuse(context, FOREIGN);
    if (context.var.visitor.role !== "operator") return refuse(context, READER);
    const fields = {
      request_id: context.var.requestId,
      who: context.var.visitor.name,
      path: context.req.path,
    };
    deps.log.info("dashboard.form", fields);
    return next();
  });
  app.use(bodyLimit({ maxSize: MAX_FORM_BYTES, onError: (context) => refuse(context, TOO_LARGE) }));
  addOrders(app, deps);
  addPages(app, deps);
  for (const [path, allow] of methodsOf(app)) {
    app.all(path, (context) => refuse(context, { ...WRONG_METHOD, headers: { allow } }));
  }
  app.all("*", (context) => refuse(context, NOTHING));
  return app;
}

const NOTHING: ApiError = { code: "not_found", message: "No page has this address." };
const FOREIGN: ApiError = {
  code: "forbidden",
  message: "This form was not sent by a page of the dashboard.",
};
const READER: ApiError = { code: "forbidden", message: "A reader may look and not act." };
const TOO_LARGE: ApiError = { code: "payload_too_large", message: "Select fewer, or all that match." };
const WRONG_METHOD: ApiError = {
  code: "method_not_allowed",
  message: "This address cannot be used like this.",
};
const AWAY: ApiError = {
  code: "storage_unavailable",
  message:
    "What the gateway knows stands in D1, which does not answer. Deliveries are accepted all the same.",
  headers: { "retry-after": "10" },
};
const BROKEN: ApiError = {
  code: "internal_error",
  message: "Something went wrong on our side; the log has more.",
};

/** What each path answers, for those who ask otherwise. */
function methodsOf(app: Hono<DashboardEnv>): [path: string, allow: string][] {
  const pages = app.routes.filter(({ path, method }) => method !== "ALL" && !path.endsWith("*"));
  const byPath = Map.groupBy(pages, ({ path }) => path);
  return [...byPath].map(([path, routes]) => [
    path,
    routes.map(({ method }) => (method === "GET" ? "GET, HEAD" : method)).join(", "),
  ]);
}

async function answerThrown(
  thrown: unknown,
  context: DashboardContext,
  { data, log }: DashboardDeps,
): Promise<Response> {
  if (thrown instanceof CursorError) {
    return refuse(context, { code: "invalid_query", message: "This page of the list is not known." });
  }
  log.error("dashboard.failed", { request_id: context.var.requestId, error: errorText(thrown) });
  if (!isUnavailable(thrown)) return refuse(context, BROKEN);
  return refuse(context, AWAY, await data.health().catch(() => undefined));
}
