/** Failed authentications are limited per client address; what is authentic never is. */
import type { ApiError } from "./api-error.ts";

/** The rate-limiting binding. */
export interface RateLimit {
  limit(options: { key: string }): Promise<{ success: boolean }>;
}

/** The binding's period, in seconds. */
const RETRY_AFTER_SECONDS = "60";

/** Counts a failed signature against the client's address. @returns the refusal to answer with */
export async function refuseUnsigned(limit: RateLimit, request: Request, message: string): Promise<ApiError> {
  return (await limited(limit, request)) ?? { code: "invalid_signature", message };
}

/** Counts a failed authentication of another kind. @returns the refusal to answer with */
export async function refuseUnauthorized(
  limit: RateLimit,
  request: Request,
  message: string,
): Promise<ApiError> {
  const headers = { "www-authenticate": "Bearer" };
  return (await limited(limit, request)) ?? { code: "unauthorized", message, headers };
}

async function limited(limit: RateLimit, request: Request): Promise<ApiError | undefined> {
  const key = request.headers.get("cf-connecting-ip") ?? "unknown";
  // A limiter that fails limits nothing: the request is refused either way.
  const { success } = await limit.limit({ key }).catch(() => ({ success: true }));
  if (success) return undefined;
  const message = "too many requests that could not be authenticated";
  return { code: "rate_limited", message, headers: { "retry-after": RETRY_AFTER_SECONDS } };
}
