/** The failure of a request to GitHub, and what to do next. */
import { MAX_ERROR_BYTES, parseRetryAfter } from "../domain/failure.ts";
import { errorText } from "../telemetry/log.ts";
import { cutText } from "../text/text.ts";
import { CredentialsError } from "./private-key.ts";

/**
 * - `limited`: a rate limit; costs no attempt, nothing is sent under this credential until it is over
 * - `retryable`: tried again with a growing delay
 * - `credentials`: the token or the App's key is refused: the operator must fix it; costs no attempt, the gate closes
 * - `permission`: the credential may not do this to this repository
 * - `missing`: the repository, the installation or the commit does not exist, or not for this credential
 * - `permanent`: this request is refused
 */
export type GitHubFailureClass =
  | "limited"
  | "retryable"
  | "credentials"
  | "permission"
  | "missing"
  | "permanent";

/** A limit that GitHub set on a credential. */
export interface GitHubLimit {
  /** GitHub must not be called before, in milliseconds since the epoch. */
  readonly untilMs: number;
  /** Too much in too short a time, instead of a quota that is used up. */
  readonly secondary: boolean;
}

/** What GitHub says is left of a credential's requests. */
export interface GitHubQuota {
  /** Of the whole window, an hour. */
  readonly limit: number;
  readonly remaining: number;
  /** When the next window begins, in milliseconds since the epoch. */
  readonly resetMs: number;
}

export interface GitHubFailure {
  readonly class: GitHubFailureClass;
  /** For a person; at most `MAX_ERROR_BYTES`, no secret. */
  readonly error: string;
  /** Of `limited`: when GitHub may be asked again, in milliseconds since the epoch. */
  readonly limitedUntilMs?: number;
  /** Of `limited`: see {@link GitHubLimit}. */
  readonly secondary?: boolean;
}

/** A success whose body is not what GitHub documents. */
export const UNREADABLE_ANSWER: GitHubFailure = {
  class: "retryable",
  error: "GitHub's answer could not be read",
};

/** If GitHub names no time: "wait at least one minute" (https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api). */
const MIN_LIMITED_MS = 60_000;
/**
 * GitHub's windows are an hour. A longer delay, clock differences aside, is a mistake: GitHub is called again then, and
 * may refuse again.
 */
const MAX_LIMITED_MS = 65 * 60_000;

/** An answer that is not a success. `request` throws it with these fields. */
interface Refusal {
  readonly status: number;
  readonly message: string;
  readonly headers: Readonly<Record<string, string | number | undefined>>;
}

/** Classifies whatever a request threw. */
export function githubFailure(thrown: unknown, nowMs: number): GitHubFailure {
  if (thrown instanceof CredentialsError) return { class: "credentials", error: thrown.message };
  const refusal = refusalOf(thrown);
  if (refusal === undefined) {
    return { class: "retryable", error: `no answer from GitHub: ${errorText(thrown)}` };
  }
  const error = cutText(`HTTP ${refusal.status}: ${refusal.message}`, MAX_ERROR_BYTES);
  const limitedUntilMs = limitOf(refusal, nowMs);
  if (limitedUntilMs !== undefined) {
    const isQuota = String(refusal.headers["x-ratelimit-remaining"]) === "0";
    const secondary = !isQuota || /secondary|abuse/i.test(refusal.message);
    return { class: "limited", error, limitedUntilMs, secondary };
  }
  return { class: lacksPermission(refusal) ? "permission" : classOf(refusal.status), error };
}

/** The class of an answer that is not a success, by its status and headers alone. */
export function answerClass(status: number, headers: Headers, nowMs: number): GitHubFailureClass {
  const refusal = { status, message: "", headers: Object.fromEntries(headers) };
  return limitOf(refusal, nowMs) === undefined ? classOf(status) : "limited";
}

/** How GitHub refuses a token for what the App is not permitted to do in this installation. */
const lacksPermission = ({ status, message }: Refusal): boolean =>
  status === 422 && /permissions requested are not granted/i.test(message);

function classOf(status: number): GitHubFailureClass {
  if (status === 401) return "credentials";
  if (status === 403) return "permission";
  // 301: renamed or moved; 410, 451: gone, or taken down.
  if ([301, 404, 410, 451].includes(status)) return "missing";
  if (status === 408 || status >= 500) return "retryable";
  return status >= 400 ? "permanent" : "retryable";
}

/** Primary limits say when they are reset. Secondary limits say how long to wait, or only that they are limits. */
function limitOf({ status, message, headers }: Refusal, nowMs: number): number | undefined {
  if (status !== 403 && status !== 429) return undefined;
  const retryAfterMs = parseRetryAfter(String(headers["retry-after"] ?? ""), nowMs);
  if (retryAfterMs !== undefined && retryAfterMs > 0) return nowMs + Math.min(retryAfterMs, MAX_LIMITED_MS);
  const resetMs = resetOf(headers, nowMs);
  if (resetMs !== undefined) return resetMs;
  const limited = status === 429 || /rate limit|abuse detection/i.test(message);
  return limited ? nowMs + MIN_LIMITED_MS : undefined;
}

/**
 * When a primary limit that is used up is reset, in milliseconds since the epoch.
 * @returns undefined if it is not used up, or does not say when
 */
export function resetOf(headers: Refusal["headers"], nowMs: number): number | undefined {
  const resetMs = numberIn(headers, "reset");
  if (numberIn(headers, "remaining") !== 0 || resetMs === undefined) return undefined;
  return Math.min(Math.max(resetMs * 1000, nowMs + 1000), nowMs + MAX_LIMITED_MS);
}

/** What an answer says is left; undefined if it does not say. */
export function quotaOf(headers: Refusal["headers"], nowMs: number): GitHubQuota | undefined {
  const [limit, remaining, reset] = (["limit", "remaining", "reset"] as const).map((name) =>
    numberIn(headers, name),
  );
  if (limit === undefined || remaining === undefined || reset === undefined) return undefined;
  return { limit, remaining, resetMs: Math.min(reset * 1000, nowMs + MAX_LIMITED_MS) };
}

/** One of GitHub's headers on the primary limit. */
function numberIn(headers: Refusal["headers"], name: "limit" | "remaining" | "reset"): number | undefined {
  const given = String(headers[`x-ratelimit-${name}`] ?? "");
  return /^\d+$/.test(given) ? Number(given) : undefined;
}

/** The headers of a 304, for which the library throws; undefined if it is something else. */
export function unchangedHeaders(thrown: unknown): Refusal["headers"] | undefined {
  const refusal = refusalOf(thrown);
  return refusal?.status === 304 ? refusal.headers : undefined;
}

function refusalOf(thrown: unknown): Refusal | undefined {
  if (!(thrown instanceof Error) || !("status" in thrown) || typeof thrown.status !== "number") {
    return undefined;
  }
  // The library gives a request that never reached a server the status 500, and no response.
  const response = "response" in thrown ? thrown.response : undefined;
  if (typeof response !== "object" || response === null || !("headers" in response)) return undefined;
  const headers = response.headers as Refusal["headers"];
  return { status: thrown.status, message: thrown.message, headers };
}
