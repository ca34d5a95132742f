/** Grainchain's validation API, as the gateway calls it. Every answer becomes one outcome for each validation. */
import { type Failure, failureOf, parseRetryAfter } from "@webhook-gateway/shared/domain/failure.ts";
import { GRAINCHAIN_STATUSES } from "@webhook-gateway/shared/domain/validation.ts";
import type { Validation } from "@webhook-gateway/shared/store/validation-row.ts";
import { errorText } from "@webhook-gateway/shared/telemetry/log.ts";
import { sha256Hex } from "@webhook-gateway/shared/text/hash.ts";
import pLimit from "p-limit";
import * as v from "valibot";
import { SHARES } from "../effects/shares.ts";
import { outcomeOf, type TriggerOutcome, triggerAnswer, UNREADABLE } from "./trigger-answer.ts";

export interface GrainchainConfig {
  readonly apiUrl: string;
  readonly apiPrefix: string;
  readonly apiKey: string | undefined;
  readonly validationTimeoutMs: number;
  readonly maxMemory: string;
  readonly requestTimeoutMs: number;
}

/** The answers to a batch, in its order; `no-batch`: there is no batch endpoint. */
export type BatchAnswer = { readonly outcomes: readonly TriggerOutcome[] } | "no-batch" | Failure;

export interface TriggerOptions {
  readonly requestId: string;
  /** No call is started after this time, in milliseconds since the epoch. */
  readonly lastCallMs?: number;
}

export interface Trigger {
  readonly validation: Validation;
  readonly webhookUrl: string;
}

/** In one invocation. */
export const CALLS_AT_ONCE = SHARES.grainchain;
/** A lease outlives the call that it is for by this much. */
export const LEASE_SLACK_MS = 30_000;

/** An answer is not read further than this; it may hold results. */
const MAX_ANSWER_CHARS = 8_000_000;

const statusAnswer = v.object({
  status: v.picklist(GRAINCHAIN_STATUSES),
  results: v.optional(v.nullable(v.record(v.string(), v.unknown())), null),
  error: v.optional(v.nullable(v.string()), null),
  started_at: v.optional(v.unknown()),
  completed_at: v.optional(v.unknown()),
});

/** Grainchain's answer to the question for a validation's status. */
export type StatusAnswer =
  | ({ readonly kind: "known" } & v.InferOutput<typeof statusAnswer>)
  | { readonly kind: "unknown" }
  | { readonly kind: "no-answer" };

/** Nothing is known of it. */
export const NO_ANSWER: StatusAnswer = { kind: "no-answer" };

const batchAnswer = v.object({
  results: v.array(v.looseObject({ client_request_id: v.optional(v.unknown()) })),
});

const MISSING: Failure = { class: "retryable", error: "Grainchain's batch answer left this validation out" };

/** It goes back to the queue, at no cost. */
export const NOT_SENT: Failure = {
  class: "backpressure",
  error: "not sent: Grainchain took too long, or is unavailable",
};

/**
 * A client for one configuration and one invocation. No method throws.
 * @param atOnce what else takes part in Grainchain's share of connections
 */
export function createGrainchain(
  config: GrainchainConfig,
  fetcher: typeof fetch,
  now: () => Date,
  atOnce = pLimit(CALLS_AT_ONCE),
) {
  const server = config.apiUrl.replace(/\/+$/, "");
  const base = `${server}${config.apiPrefix}`;

  /** @param lastCallMs a call that has waited for its turn until then is not made */
  const call = (
    url: string,
    init: RequestInit,
    requestId: string,
    lastCallMs: number = Number.POSITIVE_INFINITY,
  ) => atOnce(() => (now().getTime() > lastCallMs ? NOT_SENT : send(url, init, requestId)));

  async function send(url: string, init: RequestInit, requestId: string): Promise<Response | Failure> {
    const headers = {
      accept: "application/json",
      "user-agent": "webhook-gateway",
      "x-request-id": requestId,
      ...(config.apiKey === undefined ? {} : { authorization: `Bearer ${config.apiKey}` }),
      ...Object.fromEntries(new Headers(init.headers)),
    };
    try {
      const signal = AbortSignal.timeout(config.requestTimeoutMs);
      // A followed redirect would turn the POST into a GET, and send the key elsewhere.
      return await fetcher(url, { ...init, headers, signal, redirect: "manual" });
    } catch (thrown) {
      return { class: "retryable", error: `no answer from Grainchain: ${errorText(thrown)}` };
    }
  }

  async function read(response: Response): Promise<{ status: number; text: string } | Failure> {
    try {
      const text = (await response.text()).slice(0, MAX_ANSWER_CHARS);
      return { status: response.status, text: withoutSecrets(text, config.apiKey) };
    } catch (thrown) {
      return { class: "retryable", error: `Grainchain's answer broke off: ${errorText(thrown)}` };
    }
  }

  async function post(
    path: string,
    body: unknown,
    idempotencyKey: string,
    { requestId, lastCallMs }: TriggerOptions,
  ) {
    const headers = { "content-type": "application/json", "idempotency-key": idempotencyKey };
    const init = { method: "POST", headers, body: JSON.stringify(body) };
    const response = await call(`${base}${path}`, init, requestId, lastCallMs);
    if ("class" in response) return response;
    const retryAfterMs = parseRetryAfter(response.headers.get("retry-after"), now().getTime());
    const answered = await read(response);
    return "class" in answered ? answered : { ...answered, retryAfterMs };
  }

  return {
    /** Triggers one validation. */
    async trigger(trigger: Trigger, options: TriggerOptions): Promise<TriggerOutcome> {
      const answered = await post("/trigger", requestOf(trigger, config), trigger.validation.id, options);
      if ("class" in answered) return answered;
      if (!isOk(answered.status)) return failed(answered);
      const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), triggerAnswer), answered.text);
      return parsed.success ? outcomeOf(parsed.output, answered.retryAfterMs) : UNREADABLE;
    },

    /** Triggers up to 100 validations in one call. */
    async triggerBatch(triggers: readonly Trigger[], options: TriggerOptions): Promise<BatchAnswer> {
      const requests = triggers.map((trigger) => requestOf(trigger, config));
      const key = await sha256Hex(triggers.map((trigger) => trigger.validation.id).join("\n"));
      const answered = await post("/trigger-batch", { requests }, key, options);
      if ("class" in answered) return answered;
      if (answered.status === 404 || answered.status === 405 || answered.status === 501) return "no-batch";
      if (!isOk(answered.status)) return failed(answered);
      const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), batchAnswer), answered.text);
      if (!parsed.success) return UNREADABLE;
      const byId = new Map(parsed.output.results.map((item) => [item.client_request_id, item]));
      return {
        outcomes: triggers.map(({ validation }) => {
          const item = byId.get(validation.id);
          if (item === undefined) return MISSING;
          const parsedItem = v.safeParse(triggerAnswer, item);
          return parsedItem.success ? outcomeOf(parsedItem.output, answered.retryAfterMs) : UNREADABLE;
        }),
      };
    },

    /** Asks for a validation's status. */
    async status(grainchainId: string, requestId: string): Promise<StatusAnswer> {
      const response = await call(`${base}/${encodeURIComponent(grainchainId)}/status`, {}, requestId);
      if ("class" in response) return NO_ANSWER;
      const answered = await read(response);
      if ("class" in answered) return NO_ANSWER;
      if (response.status === 404) return { kind: "unknown" };
      if (!response.ok) return NO_ANSWER;
      const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), statusAnswer), answered.text);
      return parsed.success ? { kind: "known", ...parsed.output } : NO_ANSWER;
    },

    /** Whether Grainchain says that it is up. A server that has no such question is not down. */
    async health(requestId: string): Promise<boolean> {
      const response = await call(`${server}/health`, {}, requestId);
      if ("class" in response) return false;
      await response.body?.cancel();
      return response.status < 500;
    },

    /** Cancels a validation. `unknown`: Grainchain does not have it, or it has finished. */
    async cancel(grainchainId: string, requestId: string): Promise<"cancelled" | "unknown" | Failure> {
      const url = `${base}/${encodeURIComponent(grainchainId)}/cancel`;
      const response = await call(url, { method: "DELETE" }, requestId);
      if ("class" in response) return response;
      const answered = await read(response);
      if ("class" in answered) return answered;
      if (response.ok) return "cancelled";
      return response.status === 404 ? "unknown" : failureOf(answered.status, answered.text);
    },
  };
}

export type Grainchain = ReturnType<typeof createGrainchain>;

function requestOf({ validation, webhookUrl }: Trigger, config: GrainchainConfig) {
  return {
    project_id: validation.repository,
    pr_number: validation.pr_number,
    pr_url: validation.pr_url,
    head_sha: validation.head_sha,
    base_sha: validation.base_sha,
    webhook_url: webhookUrl,
    client_request_id: validation.id,
    timeout_ms: config.validationTimeoutMs,
    max_memory: config.maxMemory,
    event: validation.event,
    ref: validation.ref,
    clone_url: validation.clone_url,
    fork: validation.fork,
    head_repository: validation.head_repository,
    author: validation.author,
    author_association: validation.author_association,
    trusted: validation.trusted,
  };
}

/** A refusal may quote the request: the callback's token and the key are cut out. */
function withoutSecrets(text: string, apiKey: string | undefined): string {
  const keyless = apiKey === undefined ? text : text.replaceAll(apiKey, "[key]");
  return keyless.replaceAll(/(callbacks(?:\\?\/|%2F)[\w-]+(?:\\?\/|%2F))[\w-]+/gi, "$1[token]");
}

const isOk = (status: number): boolean => status >= 200 && status < 300;

function failed(answered: { status: number; text: string; retryAfterMs?: number | undefined }): Failure {
  return failureOf(answered.status, answered.text, answered.retryAfterMs);
}
