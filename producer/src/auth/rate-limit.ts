/**
 * Failed authentications are limited by client network and by auth realm; with one limit for all realms, a flood against
 * one would use up the limit of the others. Signatures are always checked: an authentic delivery is never limited.
 * Credentials that can be guessed one by one, tokens and capabilities, are not even compared once the limit is reached.
 */
import type { Log } from "@webhook-gateway/shared/telemetry/log.ts";
import type { ApiError } from "../http/api-error.ts";
import { areaOf } from "../http/area.ts";
import { clientNetwork } from "./client-network.ts";

/** The rate-limiting binding. It cannot be asked without counting. */
export interface RateLimit {
  limit(options: { key: string }): Promise<{ success: boolean }>;
}

/**
 * What a request tried to authenticate with: a hook's secret, the callback secret, a token of a person or script, or the
 * capability of a run's page.
 */
export type AuthRealm = "delivery" | "callback" | "token" | "run";

/** The binding's period. */
const PERIOD_SECONDS = 60;
/** Networks that are remembered as over their limit. */
const MAX_REMEMBERED = 10_000;

export interface GuardDeps {
  readonly limit: RateLimit;
  readonly log: Log;
  readonly now: () => Date;
  readonly countRefusal: (realm: AuthRealm) => void;
}

export type AccessGuard = ReturnType<typeof createAccessGuard>;

/**
 * Stands before everything that needs a credential. Every refusal is a log line `access.refused`, and is counted.
 * @returns a guard for one isolate, which remembers the clients that the binding limited
 */
export function createAccessGuard({ limit, log, now, countRefusal }: GuardDeps) {
  const limitedUntilMs = new Map<string, number>();

  function note(request: Request, realm: AuthRealm, code: ApiError["code"], actor?: string): void {
    countRefusal(realm);
    const who = actor === undefined ? {} : { actor };
    log.warn("access.refused", { realm, code, method: request.method, area: areaOf(request.url), ...who });
  }

  function remember(key: string): void {
    const oldest = limitedUntilMs.keys().next();
    if (limitedUntilMs.size >= MAX_REMEMBERED && !oldest.done) limitedUntilMs.delete(oldest.value);
    limitedUntilMs.set(key, now().getTime() + PERIOD_SECONDS * 1000);
  }

  /** If the limiter fails, nothing is limited: the request is refused either way. */
  async function refuse(request: Request, realm: AuthRealm, refusal: ApiError): Promise<ApiError> {
    const key = keyOf(request, realm);
    const { success } = await limit.limit({ key }).catch(() => ({ success: true }));
    if (!success) remember(key);
    const answer = success ? refusal : LIMITED;
    note(request, realm, answer.code);
    return answer;
  }

  function isLimited(request: Request, realm: AuthRealm): boolean {
    const key = keyOf(request, realm);
    const untilMs = limitedUntilMs.get(key) ?? 0;
    if (untilMs > now().getTime()) return true;
    limitedUntilMs.delete(key);
    return false;
  }

  return {
    /** Whether a client is over its limit: what can be guessed is then not compared. */
    isLimited,
    /** The refusal for a client that is over its limit, before its credential is compared. */
    refuseLimited(request: Request, realm: AuthRealm): ApiError | undefined {
      if (!isLimited(request, realm)) return undefined;
      note(request, realm, LIMITED.code);
      return LIMITED;
    },
    /** Counts a failed signature against the client. @returns the refusal to answer with */
    refuseUnsigned: (request: Request, message: string) =>
      refuse(request, "delivery", { code: "invalid_signature", message }),
    /** Counts a failed authentication of another kind. @returns the refusal to answer with */
    refuseUnauthorized(request: Request, realm: Exclude<AuthRealm, "delivery">, message: string) {
      const headers = { "www-authenticate": "Bearer" };
      return refuse(request, realm, { code: "unauthorized", message, headers });
    },
    /** Counts an address that opens nothing. @returns the refusal to answer with: that nothing is there, below the limit */
    refuseUnknown: (request: Request, realm: AuthRealm) =>
      refuse(request, realm, { code: "not_found", message: "not found" }),
    /** Somebody who is known may not do this. */
    noteForbidden: (request: Request, actor: string) => note(request, "token", "forbidden", actor),
  };
}

const keyOf = (request: Request, realm: AuthRealm): string => `${realm} ${clientNetwork(request)}`;

const LIMITED: ApiError = {
  code: "rate_limited",
  message: "too many failed authentications",
  headers: { "retry-after": String(PERIOD_SECONDS) },
};
