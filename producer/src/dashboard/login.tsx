/** Signing in with a token, and out again. */
import type { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { actorOf } from "../auth/caller.ts";
import type { ApiError } from "../http/api-error.ts";
import type { DashboardContext, DashboardDeps, DashboardEnv } from "./context.ts";
import { LoginPage, OnwardPage } from "./pages/login.tsx";
import { BASE, paths } from "./parts/link.ts";
import { refuse, show, statusOf } from "./respond.tsx";
import { isSameOrigin } from "./same-origin.ts";
import { startSession } from "./session.ts";
import { endSession, liveSession, refuseWrong } from "./visitor.ts";

/** A token and the path of a page. */
const MAX_FORM_BYTES = 8 * 1024;

export const FOREIGN: ApiError = {
  code: "forbidden",
  message: "This form was not sent by a page of the dashboard.",
};
const TOO_LARGE: ApiError = { code: "payload_too_large", message: "This is not a token." };
const WRONG: ApiError = { code: "unauthorized", message: "This token is not valid." };

/** Before anybody is identified. */
export function addLogin(app: Hono<DashboardEnv>, deps: DashboardDeps): void {
  app.get("/login", async (context) => {
    const next = nextOf(context.req.query("next"));
    if ((await liveSession(context, deps)) !== undefined) return context.redirect(next, 303);
    return show(context, <LoginPage next={next} />);
  });
  app.use("/login", bodyLimit({ maxSize: MAX_FORM_BYTES, onError: (context) => refuse(context, TOO_LARGE) }));
  app.post("/login", (context) => logIn(context, deps));
  app.post("/logout", async (context) => {
    if (!isSameOrigin(context.req.raw)) return refuse(context, FOREIGN);
    await endSession(context, deps);
    return context.redirect(paths.login(), 303);
  });
}

async function logIn(context: DashboardContext, deps: DashboardDeps): Promise<Response> {
  if (!isSameOrigin(context.req.raw)) return refuse(context, FOREIGN);
  const { token, next } = await context.req.parseBody();
  const target = nextOf(next);
  const limited = deps.guard.refuseLimited(context.req.raw, "token");
  const isGiven = limited === undefined && typeof token === "string";
  const holder = isGiven ? await deps.findHolder(token.trim()) : undefined;
  if (holder === undefined) {
    const error = limited ?? (await refuseWrong(deps, context.req.raw, WRONG));
    for (const [name, value] of Object.entries(error.headers ?? {})) context.header(name, value);
    return show(context, <LoginPage next={target} problem={error.message} />, statusOf(error));
  }
  await startSession(context, holder, deps.newId(), deps.now().getTime());
  deps.log.info("dashboard.login", { request_id: context.var.requestId, actor: actorOf(holder) });
  return context.redirect(target, 303);
}

/** The page to go to; nothing but a page of the dashboard. */
function nextOf(given: unknown): string {
  const url = typeof given === "string" ? URL.parse(given, "http://dashboard") : null;
  const isPage = url?.host === "dashboard" && (url.pathname === BASE || url.pathname.startsWith(`${BASE}/`));
  return isPage && url.pathname !== paths.logout ? `${url.pathname}${url.search}` : BASE;
}

/** Answers somebody who is not signed in: a browser gets the login form, anything else the challenge. */
export function askToLogIn(context: DashboardContext, error: ApiError): Response | Promise<Response> {
  const { headers, method, url } = context.req.raw;
  if (error.code !== "unauthorized" || headers.get("accept")?.includes("text/html") !== true) {
    return refuse(context, error);
  }
  if (method !== "GET" && method !== "HEAD") return context.redirect(paths.login(), 303);
  const { pathname, search } = new URL(url);
  const login = paths.login(`${pathname}${search}`);
  // After a link on another site the browser holds the cookie back (`SameSite=Strict`), and with any redirect too. From a
  // page of this site it sends it: it may be signed in after all.
  if (headers.get("sec-fetch-site") === "cross-site") return show(context, <OnwardPage path={login} />);
  return context.redirect(login, 303);
}
