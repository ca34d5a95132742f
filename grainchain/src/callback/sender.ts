import { createHmac } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { errorCode } from "../error-code.ts";
import type { Log } from "../log.ts";
import type { ValidationResults } from "../validation/results.ts";
import type { ValidationStatus } from "../validation/validation.ts";
import { within } from "../within.ts";

/** The header with the HMAC-SHA256 of a callback's raw body. */
const SIGNATURE_HEADER = "X-Grainchain-Signature-256";

const MAX_TRIES = 8;
/** Fewer: a `running` that nobody accepts must not delay `completed` for minutes. */
const MAX_RUNNING_TRIES = 4;
const ATTEMPT_TIMEOUT_MS = 10_000;
const MAX_BACKOFF_MS = 60_000;
const MAX_RETRY_AFTER_MS = 5 * 60_000;

/** What the gateway receives about a validation. */
export type CallbackBody = {
  validation_id: string;
  project_id: string;
  pr_number: number;
  pr_url: string;
  status: ValidationStatus;
  results?: ValidationResults | undefined;
  timestamp: string;
};

export type CallbackOptions = { secret: string | undefined; backoffMs: number; log: Log };

type Attempt =
  | { kind: "delivered" }
  | { kind: "refused"; reason: string }
  | { kind: "unreachable"; reason: string; retryAfterMs: number };

/** Delivers callbacks: those of one validation in order, each with retries that respect Retry-After. */
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

  /** Tries waiting callbacks once more, and gives up on the rest when the grace period is over. */
  async close(graceMs: number): Promise<void> {
    this.#closing.abort();
    await within(graceMs, Promise.all(this.#chains.values()));
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
      return readResponse(response);
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
    if (secret === undefined) return headers;
    const hex = createHmac("sha256", secret).update(text).digest("hex");
    return { ...headers, [SIGNATURE_HEADER]: `sha256=${hex}` };
  }

  async #pause(tries: number, retryAfterMs: number): Promise<void> {
    const backoffMs = Math.min(this.#options.backoffMs * 2 ** (tries - 1), MAX_BACKOFF_MS);
    const delayMs = Math.max(backoffMs * (0.5 + Math.random() / 2), retryAfterMs);
    // Ends early, by rejecting, when the sender closes: then it makes one last try.
    await sleep(delayMs, undefined, { signal: this.#closing.signal }).catch(() => {});
  }
}

/** Reads Retry-After, in seconds or as a date, as milliseconds from `now`; 0 if it is missing. */
export function readRetryAfterMs(header: string | null, now: number): number {
  if (header === null) return 0;
  const isDate = /^[A-Z][a-z]{2}/.test(header);
  const ms = isDate ? Date.parse(header) - now : /^\d+$/.test(header) ? Number(header) * 1000 : 0;
  return Number.isNaN(ms) ? 0 : Math.min(Math.max(0, ms), MAX_RETRY_AFTER_MS);
}

function readResponse({ ok, status, headers }: Response): Attempt {
  if (ok) return { kind: "delivered" };
  const reason = `http_${status}`;
  const isTemporary = status === 408 || status === 429 || status >= 500;
  if (!isTemporary) return { kind: "refused", reason };
  return {
    kind: "unreachable",
    reason,
    retryAfterMs: readRetryAfterMs(headers.get("Retry-After"), Date.now()),
  };
}

function callbackUrl(webhookUrl: string): string {
  const url = new URL(webhookUrl);
  url.pathname = `${url.pathname.replace(/\/+$/, "")}/webhook/status`;
  url.hash = "";
  return url.href;
}

/** A code such as ECONNREFUSED, which fetch hides in the cause. */
function networkErrorCode(error: unknown): string {
  return errorCode(error instanceof Error ? error.cause : undefined, "network_error");
}
