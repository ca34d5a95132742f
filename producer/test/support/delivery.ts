/** Requests as GitHub sends them. */
import { ORIGIN, SECRETS } from "./app.ts";

/** `sha256=<hex HMAC>` as GitHub and Grainchain write it. */
export async function sign(secret: string, body: string | Uint8Array): Promise<string> {
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", new TextEncoder().encode(secret), algorithm, false, [
    "sign",
  ]);
  const mac = new Uint8Array(await crypto.subtle.sign("HMAC", key, bytes));
  return `sha256=${Array.from(mac, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

export interface DeliveryOptions {
  readonly event?: string;
  readonly id?: string;
  readonly secret?: string;
  readonly contentType?: string;
  /** Set over the others; null takes one away. */
  readonly headers?: Readonly<Record<string, string | null>>;
}

/** A signed delivery. A payload that is not text or bytes is sent as JSON. */
export async function delivery(payload: unknown, options: DeliveryOptions = {}): Promise<Request> {
  const body =
    typeof payload === "string" || payload instanceof Uint8Array ? payload : JSON.stringify(payload);
  const headers = new Headers({
    "x-github-event": options.event ?? "pull_request",
    "x-github-delivery": options.id ?? crypto.randomUUID(),
    "content-type": options.contentType ?? "application/json",
    "x-hub-signature-256": await sign(options.secret ?? SECRETS.GITHUB_WEBHOOK_SECRET, body),
  });
  for (const [name, value] of Object.entries(options.headers ?? {})) {
    if (value === null) headers.delete(name);
    else headers.set(name, value);
  }
  return new Request(`${ORIGIN}/webhook/github`, { method: "POST", headers, body });
}

/** A body of so many MiB without a length. */
export function streamOf(mebibytes: number): ReadableStream<Uint8Array> {
  let left = mebibytes;
  return new ReadableStream({
    type: "bytes",
    pull(controller) {
      if (left-- > 0) controller.enqueue(new Uint8Array(1024 * 1024).fill(32));
      else controller.close();
    },
  });
}

/** A body of so many MiB whose last byte is not sent before an event. */
export function stalledStream(mebibytes: number, finish: Promise<void>): ReadableStream<Uint8Array> {
  let left = mebibytes;
  return new ReadableStream({
    type: "bytes",
    async pull(controller) {
      if (left-- > 0) return controller.enqueue(new Uint8Array(1024 * 1024).fill(32));
      await finish;
      controller.enqueue(new Uint8Array(1));
      controller.close();
    },
  });
}

/** A body whose sender goes away in the middle, as workerd reports it. */
export function brokenStream(): ReadableStream<Uint8Array> {
  let begun = false;
  return new ReadableStream({
    type: "bytes",
    pull(controller) {
      if (begun) controller.error(new Error("Network connection lost."));
      else controller.enqueue(new TextEncoder().encode("{"));
      begun = true;
    },
  });
}
