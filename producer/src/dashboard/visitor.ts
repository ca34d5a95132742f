/** Who asks: HTTP Basic with a token for a password. The user name means nothing: the token has a name. */
import { auth } from "hono/utils/basic-auth";
import type { Caller } from "../auth/caller.ts";
import type { AccessGuard } from "../auth/rate-limit.ts";
import type { FindHolder } from "../auth/tokens.ts";
import type { ApiError } from "../http/api-error.ts";

const CHALLENGE = { "www-authenticate": 'Basic realm="webhook-gateway", charset="UTF-8"' };
const MESSAGE = "The password is the operator's or the reader's token; any user name does.";

/** Knows a visitor by the password. One without any is only asked for it: a browser's first request has none. */
export async function identify(
  findHolder: FindHolder,
  guard: AccessGuard,
  request: Request,
): Promise<Caller | { readonly error: ApiError }> {
  const given = auth(request);
  const challenge: ApiError = { code: "unauthorized", message: MESSAGE, headers: CHALLENGE };
  if (given === undefined) return { error: challenge };
  const limited = guard.refuseLimited(request, "token");
  if (limited !== undefined) return { error: limited };
  const holder = await findHolder(given.password);
  if (holder !== undefined) return holder;
  const refusal = await guard.refuseUnauthorized(request, "token", MESSAGE);
  return { error: refusal.code === "unauthorized" ? challenge : refusal };
}
