/**
 * Cloudflare Access: its JWT says who asks
 * (https://developers.cloudflare.com/cloudflare-one/access-controls/applications/http-apps/authorization-cookie/validating-json/).
 */
import type { ProducerConfig } from "@webhook-gateway/shared/config/producer.ts";
import { globMatcher } from "@webhook-gateway/shared/routing/routing-policy.ts";
import { parse as parseCookies } from "hono/utils/cookie";
import { createRemoteJWKSet, customFetch, errors, type JWTVerifyGetKey, jwtVerify } from "jose";
import type { ApiError, Refused } from "../http/api-error.ts";
import type { Caller } from "./caller.ts";

type AccessConfig = Pick<ProducerConfig, "ACCESS_TEAM_DOMAIN" | "ACCESS_AUD" | "ACCESS_OPERATORS">;

export interface AccessDeps {
  readonly config: AccessConfig;
  readonly now: () => Date;
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
}

/** @returns undefined if Access is not configured, or if the request holds nothing of it that names a person */
export type IdentifyByAccess = (request: Request) => Promise<Caller | Refused | undefined>;

export function createAccess({ config, now, fetch }: AccessDeps): IdentifyByAccess {
  const { ACCESS_TEAM_DOMAIN: issuer, ACCESS_AUD: aud } = config;
  if (issuer === undefined) return async () => undefined;
  const isOperator = globMatcher(config.ACCESS_OPERATORS, true);
  const keys = createRemoteJWKSet(new URL(`${issuer}/cdn-cgi/access/certs`), {
    [customFetch]: fetchKeys(fetch, now),
  });
  return async function identifyByAccess(request) {
    const token = tokenOf(request);
    if (token === undefined) return undefined;
    const email = await emailOf(token, keys, { issuer, audience: [...aud], currentDate: now() });
    // A token of a service names no person: scripts have a token of the gateway.
    if (email === undefined || typeof email === "object") return email;
    return { role: isOperator(email) ? "operator" : "reader", name: email };
  };
}

/** A browser sends it as a cookie too. */
const tokenOf = ({ headers }: Request): string | undefined =>
  headers.get("cf-access-jwt-assertion") ?? parseCookies(headers.get("cookie") ?? "").CF_Authorization;

/** https://developers.cloudflare.com/cloudflare-one/access-controls/applications/http-apps/authorization-cookie/application-token/ */
const ALGORITHM = "RS256";

async function emailOf(
  token: string,
  keys: JWTVerifyGetKey,
  options: { readonly issuer: string; readonly audience: string[]; readonly currentDate: Date },
): Promise<string | Refused | undefined> {
  try {
    const { payload } = await jwtVerify(token, keys, {
      ...options,
      algorithms: [ALGORITHM],
      requiredClaims: ["exp"],
    });
    const email = typeof payload.email === "string" ? payload.email.toLowerCase() : "";
    return /^[\x21-\x7e]{1,200}$/.test(email) && email.includes("@") ? email : undefined;
  } catch (thrown) {
    if (isAboutKeys(thrown)) return { error: NO_KEYS };
    if (thrown instanceof errors.JOSEError) return { error: INVALID };
    throw thrown;
  }
}

const NO_KEYS: ApiError = {
  code: "access_unavailable",
  message: "The keys of Cloudflare Access cannot be fetched, so nobody can be let in by it.",
  headers: { "retry-after": "10" },
};
const INVALID: ApiError = {
  code: "unauthorized",
  message: "The token of Cloudflare Access is not valid: it has expired, or is not for this application.",
};

class KeysUnavailable extends Error {
  override readonly name = "KeysUnavailable";
}

/** A time-out, or an answer that holds no keys. */
const isAboutKeys = (thrown: unknown): boolean =>
  thrown instanceof KeysUnavailable ||
  thrown instanceof errors.JWKSTimeout ||
  thrown instanceof errors.JWKSInvalid ||
  (thrown instanceof errors.JOSEError && thrown.code === "ERR_JOSE_GENERIC");

/** After a failure, nothing is fetched for this time: everybody waits for the answer. */
const PAUSE_MS = 5_000;

/** The keys are cached for ten minutes, and an unknown one has them fetched again after 30 s at the earliest (jose's defaults). */
function fetchKeys(fetch: AccessDeps["fetch"], now: () => Date): AccessDeps["fetch"] {
  let failedMs = Number.NEGATIVE_INFINITY;
  return async function fetchKeys(url, init) {
    if (now().getTime() - failedMs < PAUSE_MS) throw new KeysUnavailable();
    try {
      const response = await fetch(url, init);
      if (response.ok) return response;
    } catch (thrown) {
      failedMs = now().getTime();
      throw new KeysUnavailable("", { cause: thrown });
    }
    failedMs = now().getTime();
    throw new KeysUnavailable();
  };
}
