/**
 * Failed authentications are limited by client address and by auth realm; authenticated requests never are. With one limit
 * for all realms, a flood against one would use up the limit of the others.
 */
import type { ApiError } from "../http/api-error.ts";

/** The rate-limiting binding. */
export interface RateLimit {
  limit(options: { key: string }): Promise<{ success: boolean }>;
}

/** What a request tried to authenticate with: a hook's secret, the callback secret, or a token of a person or script. */
export type AuthRealm = "delivery" | "callback" | "token";

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
  realm: Exclude<AuthRealm, "delivery">,
  message: string,
): Promise<ApiError> {
  const headers = { "www-authenticate": "Bearer" };
  return (await limited(limit, request, realm)) ?? { code: "unauthorized", message, headers };
}

async function limited(limit: RateLimit, request: Request, realm: AuthRealm): Promise<ApiError | undefined> {
  const key = `${realm} ${request.headers.get("cf-connecting-ip") ?? "unknown"}`;
  // If the limiter fails, nothing is limited: the request is refused either way.
  const { success } = await limit.limit({ key }).catch(() => ({ success: true }));
  if (success) return undefined;
  const message = "too many failed authentications";
  return { code: "rate_limited", message, headers: { "retry-after": RETRY_AFTER_SECONDS } };
}
