import { createHmac } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Log } from "../log.ts";
import type { ValidationResults } from "../validation/results.ts";
import type { ValidationStatus } from "../validation/validation.ts";

/** The header with the HMAC-SHA256 of a callback's raw body. */
export const SIGNATURE_HEADER = "X-Grainchain-Signature-256";

const MAX_TRIES = 8;
/** Fewer: a `running` nobody takes must not hold back `completed` for minutes. */
const MAX_RUNNING_TRIES = 4;
const ATTEMPT_TIMEOUT_MS = 10_000;
const MAX_BACKOFF_MS = 60_000;
const MAX_RETRY_AFTER_MS = 5 * 60_000;

/** What the gateway is told about a validation. */
export type CallbackBody = {
  validation_id: string;
  project_id: string;
  pr_number: number;
  pr_url: string;
  status: ValidationStatus;
  results?: ValidationResults;
  timestamp: string;
};

export type CallbackOptions = { secret: string | undefined; backoffMs: number; log: Log };

type Attempt =
  | { kind: "delivered" }
  | { kind: "refused"; reason: string }
  | { kind: "unreachable"; reason: string; retryAfterMs: number };

/** Delivers callbacks: those of one validation in order, each with retries, never faster than asked to. */
export class CallbackSender {
  readonly #options: CallbackOptions;
  readonly #chains = new Map<string, Promise<void>>();
  readonly #closing = new AbortController();
  readonly #closed = new AbortController();

  constructor(options: CallbackOptions) {
    this.#options = options;
  }

  /** Queues a callback behind the earlier ones of its validation. */
  send(webhookUrl: string, body: CallbackBody): void {
    const id = body.validation_id;
    const earlier = this.#chains.get(id) ?? Promise.resolve();
    const chain = earlier.then(async () => {
      await this.#deliver(webhookUrl, body);
      if (this.#chains.get(id) === chain) this.#chains.delete(id);
    });
    this.#chains.set(id, chain);
  }

  /** Tries once more what is still waiting, and gives the rest up when the grace is over. */
  async close(graceMs: number): Promise<void> {
    this.#closing.abort();
    const grace = new AbortController();
    const over = sleep(graceMs, undefined, { signal: grace.signal }).catch(() => {});
    await Promise.race([Promise.all(this.#chains.values()), over]);
    grace.abort();
    this.#closed.abort();
    await Promise.all(this.#chains.values());
  }

  async #deliver(webhookUrl: string, body: CallbackBody): Promise<void> {
    const url = callbackUrl(webhookUrl);
    const text = JSON.stringify(body);
    const maxTries = body.status === "running" ? MAX_RUNNING_TRIES : MAX_TRIES;
    const fields = { validation_id: body.validation_id, status: body.status };
    for (let tries = 1; ; tries += 1) {
      const isLast = tries >= maxTries || this.#closing.signal.aborted;
      const attempt = await this.#attempt(url, text);
      if (attempt.kind === "delivered") return this.#options.log("callback.delivered", { ...fields, tries });
      if (attempt.kind === "refused" || isLast) {
        return this.#options.log("callback.failed", { ...fields, tries, reason: attempt.reason });
      }
      this.#options.log("callback.retried", { ...fields, tries, reason: attempt.reason });
      await this.#pause(tries, attempt.retryAfterMs);
    }
  }

  async #attempt(url: string, text: string): Promise<Attempt> {
    const timeout = AbortSignal.timeout(ATTEMPT_TIMEOUT_MS);
    try {
      const response = await fetch(url, {
        method: "POST",
        headers: this.#headers(text),
        body: text,
        redirect: "manual",
        signal: AbortSignal.any([timeout, this.#closed.signal]),
      });
      await response.body?.cancel();
      return judgeResponse(response);
    } catch (error) {
      return {
        kind: "unreachable",
        reason: timeout.aborted ? "timeout" : networkErrorCode(error),
        retryAfterMs: 0,
      };
    }
  }

  #headers(text: string): Record<string, string> {
    const headers = { "Content-Type": "application/json", "User-Agent": "grainchain" };
    const { secret } = this.#options;
    return secret === undefined ? headers : { ...headers, [SIGNATURE_HEADER]: signBody(secret, text) };
  }

  async #pause(tries: number, retryAfterMs: number): Promise<void> {
    const backoffMs = Math.min(this.#options.backoffMs * 2 ** (tries - 1), MAX_BACKOFF_MS);
    const delayMs = Math.max(backoffMs * (0.5 + Math.random() / 2), retryAfterMs);
    // Ends early, by rejecting, when the sender closes: then one last try is due.
    await sleep(delayMs, undefined, { signal: this.#closing.signal }).catch(() => {});
  }
}

/** The signature of a body, as `sha256=<hex>`. */
export function signBody(secret: string, text: string): string {
  return `sha256=${createHmac("sha256", secret).update(text).digest("hex")}`;
}

/** Reads Retry-After, in seconds or as a date, as milliseconds from `now`; 0 when there is none. */
export function readRetryAfterMs(header: string | null, now: number): number {
  if (header === null) return 0;
  const isDate = /^[A-Z][a-z]{2}/.test(header);
  const ms = isDate ? Date.parse(header) - now : /^\d+$/.test(header) ? Number(header) * 1000 : 0;
  return Number.isNaN(ms) ? 0 : Math.min(Math.max(0, ms), MAX_RETRY_AFTER_MS);
}

function judgeResponse(response: Response): Attempt {
  if (response.ok) return { kind: "delivered" };
  const reason = `http_${response.status}`;
  const isPassing = response.status === 408 || response.status === 429 || response.status >= 500;
  if (!isPassing) return { kind: "refused", reason };
  const retryAfterMs = readRetryAfterMs(response.headers.get("Retry-After"), Date.now());
  return { kind: "unreachable", reason, retryAfterMs };
}

function callbackUrl(webhookUrl: string): string {
  const url = new URL(webhookUrl);
  url.pathname = `${url.pathname.replace(/\/+$/, "")}/webhook/status`;
  url.hash = "";
  return url.href;
}

/** A code such as ECONNREFUSED; the message is left out, since it may hold the URL. */
function networkErrorCode(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && "code" in cause ? String(cause.code) : "network_error";
}
