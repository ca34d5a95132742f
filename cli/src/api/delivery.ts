/** One delivery, signed and sent the way GitHub does it. */
import { randomUUID } from "node:crypto";
import { Webhooks } from "@octokit/webhooks";
import { requestJson } from "./http.ts";

export interface Delivery {
  readonly event: string;
  readonly body: string;
  /** Default: a new one. */
  readonly guid?: string;
}

export interface Sent {
  readonly guid: string;
  readonly status: number;
  readonly durationMs: number;
  /** The gateway's answer; null if it is not JSON. */
  readonly answer: unknown;
}

/**
 * As long as GitHub Enterprise Server waits for an answer; github.com waits 10 s.
 * https://docs.github.com/en/webhooks/testing-and-troubleshooting-webhooks/troubleshooting-webhooks#timed-out
 */
export const TIMEOUT_MS = 30_000;

/**
 * Sends a delivery.
 * @throws TypeError if the gateway cannot be reached, a TimeoutError if it does not answer within 30 s
 */
export async function sendDelivery(url: string, secret: string, delivery: Delivery): Promise<Sent> {
  const { event, body, guid = randomUUID() } = delivery;
  const signature = await new Webhooks({ secret }).sign(body);
  const begun = performance.now();
  const { status, body: answer } = await requestJson(
    `${url.replace(/\/+$/, "")}/webhook/github`,
    TIMEOUT_MS,
    {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "user-agent": "GitHub-Hookshot/webhook-gateway",
        "x-github-event": event,
        "x-github-delivery": guid,
        "x-hub-signature-256": signature,
      },
      body,
      redirect: "follow",
    },
  );
  return { guid, status, durationMs: Math.round(performance.now() - begun), answer: answer ?? null };
}
