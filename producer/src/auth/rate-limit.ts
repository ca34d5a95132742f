/**
 * Failed authentications are limited per client address and per secret that they try; what is authentic never is. One
 * limit for all would let a flood at one door take the place of another door's own answer.
 */
import type { ApiError } from "../http/api-error.ts";

/** The rate-limiting binding. */
export interface RateLimit {
  limit(options: { key: string }): Promise<{ success: boolean }>;
}

/** What a failed authentication tries: the secret of a hook, of callbacks, or a token for people and scripts. */
export type Door = "delivery" | "callback" | "token";

/** The binding's period, in seconds. */
const RETRY_AFTER_SECONDS = "60";

/** Counts a failed signature against the client's address. @returns the refusal to answer with */
export async function refuseUnsigned(limit: RateLimit, request: Request, message: string): Promise<ApiError> {
  return (await limited(limit, request, "delivery")) ?? { code: "invalid_signature", message };
}

/** Counts a failed authentication of another kind. @returns the refusal to answer with */
export async function refuseUnauthorized(
  limit: RateLimit,
  request: Request,
  door: Exclude<Door, "delivery">,
  message: string,
): Promise<ApiError> {
  const headers = { "www-authenticate": "Bearer" };
  return (await limited(limit, request, door)) ?? { code: "unauthorized", message, headers };
}

async function limited(limit: RateLimit, request: Request, door: Door): Promise<ApiError | undefined> {
  const key = `${door} ${request.headers.get("cf-connecting-ip") ?? "unknown"}`;
  // A limiter that fails limits nothing: the request is refused either way.
  const { success } = await limit.limit({ key }).catch(() => ({ success: true }));
  if (success) return undefined;
  const message = "too many requests that could not be authenticated";
  return { code: "rate_limited", message, headers: { "retry-after": RETRY_AFTER_SECONDS } };
}
