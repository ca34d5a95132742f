/** Redelivers deliveries. */
import { createHmac } from "node:crypto";
import type { Delivery, Hook } from "../client/spec.ts";
import type { Call } from "../request/call.ts";
import { timestamp } from "../request/reply.ts";

/** GitHub's time limit for a receiver. */
const TIMEOUT_MS = 10_000;

/** Ids of deliveries have 64 bits, more than a number can hold. */
const FIRST_REDELIVERY = 4_611_686_018_427_387_905n;

/** Adds the redelivery to the hook's deliveries, and sends it if the hook has a receiver. */
export function redeliver({ world, now }: Call, hook: Hook, delivery: Delivery): void {
  const { response: _, ...kept } = delivery;
  const id = String(FIRST_REDELIVERY + BigInt(world.redeliveries.length));
  const redelivery: Delivery = {
    ...kept,
    ...hook.redelivered,
    id,
    // The event is the same, and so is its GUID.
    redelivery: true,
    delivered_at: timestamp(now),
    throttled_at: null,
  };
  const record = {
    hook_id: hook.id,
    delivery_id: delivery.id,
    redelivery_id: id,
    guid: delivery.guid,
    at: now,
  };
  const attempt = { ...record, answered: null as number | null };
  world.redeliveries.push(attempt);
  if (hook.deliver_to === undefined) {
    hook.deliveries.push(redelivery);
    return;
  }
  // GitHub answers before it delivers, and lists a delivery once it was sent.
  void post(hook, redelivery, hook.deliver_to).then((result) => {
    attempt.answered = result.response === undefined ? null : result.status_code;
    hook.deliveries.push({ ...redelivery, ...result });
  });
}

type Result = Pick<Delivery, "status" | "status_code" | "duration" | "response">;

async function post(hook: Hook, delivery: Delivery, url: string): Promise<Result> {
  const body = JSON.stringify(delivery.payload);
  const started = performance.now();
  const duration = (): number => Math.round(performance.now() - started) / 1000;
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: requestHeaders(hook, delivery, body),
      body,
      signal: AbortSignal.timeout(TIMEOUT_MS),
      redirect: "manual",
    });
    const text = await response.text();
    const status = response.ok ? "OK" : `Invalid HTTP Response: ${response.status}`;
    return { status, status_code: response.status, response: text, duration: duration() };
  } catch (thrown) {
    const late = thrown instanceof Error && thrown.name === "TimeoutError";
    return { status: late ? "timed out" : "failed to connect to host", status_code: 0, duration: duration() };
  }
}

/** The headers that GitHub sends with a delivery. */
export function requestHeaders(hook: Hook, delivery: Delivery, body: string): Record<string, string> {
  const { secret } = hook;
  const hmac = (algorithm: string): string =>
    createHmac(algorithm, secret ?? "")
      .update(body)
      .digest("hex");
  const signatures = {
    "X-Hub-Signature": `sha1=${hmac("sha1")}`,
    "X-Hub-Signature-256": `sha256=${hmac("sha256")}`,
  };
  return {
    Accept: "*/*",
    "Content-Type": "application/json",
    "User-Agent": "GitHub-Hookshot/double",
    "X-GitHub-Delivery": delivery.guid,
    "X-GitHub-Event": delivery.event,
    "X-GitHub-Hook-ID": String(hook.id),
    "X-GitHub-Hook-Installation-Target-Type": { org: "organization", repo: "repository", app: "integration" }[
      hook.kind
    ],
    ...(secret === undefined ? {} : signatures),
    ...delivery.headers,
  };
}
