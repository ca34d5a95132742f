/**
 * Who asks: by a session, by HTTP Basic with a token for a password (the user name means nothing: the token has a
 * name), or by Cloudflare Access.
 */
import { isoTime } from "@webhook-gateway/shared/text/iso-time.ts";
import { auth } from "hono/utils/basic-auth";
import type { Caller } from "../auth/caller.ts";
import { tokenHolders } from "../auth/tokens.ts";
import type { ApiError, Refused } from "../http/api-error.ts";
import type { DashboardContext, DashboardDeps } from "./context.ts";
import type { SignOut } from "./parts/view.ts";
import { clearSession, readSession } from "./session.ts";

export interface Visitor extends Caller {
  readonly signOut: SignOut;
}

const CHALLENGE: ApiError = {
  code: "unauthorized",
  message: "The password is the operator's or the reader's token; any user name does.",
  headers: { "www-authenticate": 'Basic realm="webhook-gateway", charset="UTF-8"' },
};

/** Somebody without any credentials is only asked for them: a browser's first request has none. */
export async function identify(context: DashboardContext, deps: DashboardDeps): Promise<Visitor | Refused> {
  const request = context.req.raw;
  const session = await liveSession(context, deps);
  if (session !== undefined) return { ...session.holder, signOut: "session" };
  if (request.headers.has("authorization")) {
    const password = auth(request)?.password;
    if (password === undefined) return { error: CHALLENGE };
    const limited = deps.guard.refuseLimited(request, "token");
    if (limited !== undefined) return { error: limited };
    const holder = await deps.findHolder(password);
    if (holder !== undefined) return { ...holder, signOut: "nothing" };
    return { error: await refuseWrong(deps, request, CHALLENGE) };
  }
  const person = await deps.identifyByAccess(request);
  if (person === undefined) return { error: CHALLENGE };
  if (!("error" in person)) return { ...person, signOut: "access" };
  const { error } = person;
  return { error: error.code === "unauthorized" ? await refuseWrong(deps, request, error) : error };
}

/** Counts a wrong token. @returns the refusal to answer with */
export async function refuseWrong(
  { guard }: DashboardDeps,
  request: Request,
  error: ApiError,
): Promise<ApiError> {
  const refusal = await guard.refuseUnauthorized(request, "token", error.message);
  return refusal.code === "unauthorized" ? error : refusal;
}

/** A session that has neither expired nor been revoked. */
export async function liveSession(context: DashboardContext, { config, data, now }: DashboardDeps) {
  const session = await readSession(context, tokenHolders(config), now().getTime());
  if (session === undefined) return undefined;
  return (await data.isRevoked(session.id)) ? undefined : session;
}

/** Ends the session of a request, in its browser and for anyone who has copied the cookie. */
export async function endSession(context: DashboardContext, deps: DashboardDeps): Promise<void> {
  const session = await liveSession(context, deps);
  clearSession(context);
  if (session !== undefined) await deps.data.revokeSession(session.id, isoTime(session.expiresMs));
}
