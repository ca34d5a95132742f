/**
 * The operator's dashboard: pages rendered on the server, readable without a script. People sign in with
 * their token or through Cloudflare Access; scripts use HTTP Basic. Commands need an operator and a form of these pages.
 */

import { ACTION_NAMES } from "@webhook-gateway/shared/api/action.ts";
import { CursorError } from "@webhook-gateway/shared/store/read/cursor.ts";
import { isUnavailable } from "@webhook-gateway/shared/store/unavailable.ts";
import { errorText } from "@webhook-gateway/shared/telemetry/log.ts";
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { etag } from "hono/etag";
import { actorOf } from "../auth/caller.ts";
import type { ApiError } from "../http/api-error.ts";
import type { Refusal } from "../operator-api/refusal.ts";
import { addActions } from "./actions.tsx";
import { asset } from "./assets.ts";
import type { DashboardContext, DashboardDeps, DashboardEnv } from "./context.ts";
import { securityHeaders } from "./headers.ts";
import { addLogin, askToLogIn, FOREIGN } from "./login.tsx";
import { noticeOf } from "./notice.ts";
import { refuse } from "./respond.tsx";
import { addPages } from "./routes.tsx";
import { isSameOrigin } from "./same-origin.ts";
import { identify } from "./visitor.ts";

export type { DashboardDeps } from "./context.ts";
export type { DashboardData } from "./data.ts";

/** The largest form is a scope of ids: 1,000 ids of 300 bytes. */
const MAX_FORM_BYTES = 512 * 1024;

/** Mount it at `/dashboard`. */
export function createDashboard(deps: DashboardDeps) {
  const { config, guard } = deps;
  const app = new Hono<DashboardEnv>({ strict: false });

  app.onError((thrown, context) => answerThrown(thrown, context, deps));
  app.use(async (context, next) => {
    if (context.var.requestId === undefined) context.set("requestId", deps.newId());
    context.set("now", deps.now());
    return next();
  });
  app.use(securityHeaders());
  app.get("/assets/:version/:name", etag(), (context) => {
    const { version, name } = context.req.param();
    return asset(version, name) ?? refuse(context, NOTHING);
  });
  addLogin(app, deps);
  app.use(async (context, next) => {
    const visitor = await identify(context, deps);
    if ("error" in visitor) return askToLogIn(context, visitor.error);
    const notice = noticeOf(context.req.url);
    context.set("view", {
      role: visitor.role,
      actor: actorOf(visitor),
      signOut: visitor.signOut,
      environment: config.ENVIRONMENT,
      ...(notice === undefined ? {} : { notice }),
    });
    return next();
  });
  app.on("POST", "*", async (context, next) => {
    if (!isSameOrigin(context.req.raw)) return refuse(context, FOREIGN);
    if (context.var.view.role !== "operator") {
      guard.noteForbidden(context.req.raw, context.var.view.actor);
      const asked = askedAction(context.req.path);
      const { actor } = context.var.view;
      if (asked !== undefined) await deps.data.recordRefusal({ ...asked, actor, reason: READER.message });
      return refuse(context, READER);
    }
    const fields = {
      request_id: context.var.requestId,
      actor: context.var.view.actor,
      path: context.req.path,
    };
    deps.log.info("dashboard.form", fields);
    return next();
  });
  app.use(bodyLimit({ maxSize: MAX_FORM_BYTES, onError: (context) => refuse(context, TOO_LARGE) }));
  addActions(app, deps);
  addPages(app, deps);
  for (const [path, allow] of methodsOf(app)) {
    app.all(path, (context) => refuse(context, { ...WRONG_METHOD, headers: { allow } }));
  }
  app.all("*", (context) => refuse(context, NOTHING));
  return app;
}

/** What the form of a path asks for; undefined if nothing that is recorded. */
function askedAction(path: string): Pick<Refusal, "action" | "target"> | undefined {
  const [, kind, id, verb] =
    /^\/dashboard\/(?:(validations|replays|dead-letters|repositories)\/(?:(.+)\/)?)?([a-z]+)$/.exec(path) ??
    [];
  const action = ACTION_NAMES.find((name) => name === (kind === "replays" ? `${verb}-replay` : verb));
  return action && { action, target: id ?? null };
}

const NOTHING: ApiError = { code: "not_found", message: "This page does not exist." };
const READER: ApiError = { code: "forbidden", message: "Readers cannot change anything." };
const TOO_LARGE: ApiError = {
  code: "payload_too_large",
  message: "Select fewer dead letters, or all that match.",
};
const WRONG_METHOD: ApiError = {
  code: "method_not_allowed",
  message: "This page does not accept this kind of request.",
};
const AWAY: ApiError = {
  code: "storage_unavailable",
  message: "The gateway's state is stored in D1, which does not respond. Deliveries are still accepted.",
  headers: { "retry-after": "10" },
};
const BROKEN: ApiError = {
  code: "internal_error",
  message: "An internal error occurred. The log has the details.",
};

/** The methods of each path, for `Allow`. */
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
    return refuse(context, { code: "invalid_query", message: "This page of the list does not exist." });
  }
  log.error("dashboard.failed", { request_id: context.var.requestId, error: errorText(thrown) });
  if (!isUnavailable(thrown)) return refuse(context, BROKEN);
  return refuse(context, AWAY, await data.health().catch(() => undefined));
}
