/** Who asks: HTTP Basic with a token for a password. The user name means nothing: the token has a name. */
import { auth } from "hono/utils/basic-auth";
import type { Caller } from "../auth/caller.ts";
import { type RateLimit, refuseUnauthorized } from "../auth/rate-limit.ts";
import type { FindHolder } from "../auth/tokens.ts";
import type { ApiError } from "../http/api-error.ts";

const CHALLENGE = { "www-authenticate": 'Basic realm="webhook-gateway", charset="UTF-8"' };
const MESSAGE = "The password is the operator's or the reader's token; any user name does.";

/** Knows a visitor by the password. One without any is only asked for it: a browser's first request has none. */
export async function identify(
  findHolder: FindHolder,
  limit: RateLimit,
  request: Request,
): Promise<Caller | { readonly error: ApiError }> {
  const given = auth(request);
  const challenge: ApiError = { code: "unauthorized", message: MESSAGE, headers: CHALLENGE };
  if (given === undefined) return { error: challenge };
  const holder = await findHolder(given.password);
  if (holder !== undefined) return holder;
  const refusal = await refuseUnauthorized(limit, request, "token", MESSAGE);
  return { error: refusal.code === "unauthorized" ? challenge : refusal };
}
