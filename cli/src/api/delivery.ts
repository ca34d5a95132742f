/** One delivery, signed and sent as GitHub does. */
import { randomUUID } from "node:crypto";
import { Webhooks } from "@octokit/webhooks";

export interface Delivery {
  readonly event: string;
  readonly body: string;
  /** Fresh where absent. */
  readonly guid?: string;
}

export interface Sent {
  readonly guid: string;
  readonly status: number;
  readonly durationMs: number;
  /** The gateway's answer; null where it was no JSON. */
  readonly answer: unknown;
}

/** As long as GitHub Enterprise Server waits for an answer; github.com waits 10 s (its documentation, 2026-11). */
export const TIMEOUT_MS = 30_000;

/**
 * Sends a delivery.
 * @throws TypeError where the gateway cannot be reached, a TimeoutError where it does not answer within 30 s
 */
export async function sendDelivery(url: string, secret: string, delivery: Delivery): Promise<Sent> {
  const { event, body, guid = randomUUID() } = delivery;
  const signature = await new Webhooks({ secret }).sign(body);
  const begun = performance.now();
  const response = await fetch(`${url.replace(/\/+$/, "")}/webhook/github`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "user-agent": "GitHub-Hookshot/webhook-gateway",
      "x-github-event": event,
      "x-github-delivery": guid,
      "x-hub-signature-256": signature,
    },
    body,
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const text = await response.text();
  const durationMs = Math.round(performance.now() - begun);
  return { guid, status: response.status, durationMs, answer: parseJson(text) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
