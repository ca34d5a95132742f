/** The system that state changes are sent to. */
import { classifyStatus, type Failure, parseRetryAfter } from "@webhook-gateway/shared/domain/failure.ts";
import { errorText } from "@webhook-gateway/shared/telemetry/log.ts";
import { signatureHeaders } from "./signature.ts";

/** A sink that hangs is given up after this long. */
export const SINK_TIMEOUT_MS = 10_000;

/** The address is not there, or takes no messages any more: nothing that is sent to it can succeed. */
const CLOSED_STATUSES: readonly number[] = [405, 410];

/** What is sent. */
export interface SinkMessage {
  /** The same however often it is sent. */
  readonly id: string;
  readonly contentType: string;
  readonly body: string;
}

export interface SinkConfig {
  readonly url: string;
  /** Undefined: messages are not signed. */
  readonly secret: string | undefined;
}

/** Sends one message. Never throws. */
export type Sink = (message: SinkMessage) => Promise<"sent" | Failure>;

/** A sink for one invocation. Errors name neither its address, which can be a secret, nor what it answered. */
export function createSink({ url, secret }: SinkConfig, fetcher: typeof fetch, now: () => Date): Sink {
  return async ({ id, contentType, body }) => {
    const nowMs = now().getTime();
    const signature = secret === undefined ? {} : await signatureHeaders(secret, id, nowMs, body);
    try {
      const response = await fetcher(url, {
        method: "POST",
        headers: {
          "content-type": contentType,
          "user-agent": "webhook-gateway",
          "webhook-id": id,
          ...signature,
        },
        body,
        // A followed redirect would send the event elsewhere.
        redirect: "manual",
        signal: AbortSignal.timeout(SINK_TIMEOUT_MS),
      });
      await response.body?.cancel();
      if (response.ok) return "sent";
      const { status } = response;
      const retryAfterMs = parseRetryAfter(response.headers.get("retry-after"), now().getTime());
      return {
        class: CLOSED_STATUSES.includes(status) ? "configuration" : classifyStatus(status),
        error: `the sink answered HTTP ${status}`,
        ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      };
    } catch (thrown) {
      // What follows can hold the address.
      return { class: "retryable", error: `no answer from the sink: ${errorText(thrown).split(":")[0]}` };
    }
  };
}
