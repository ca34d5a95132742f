/** What a receiver of events sees. */
import { Webhook } from "standardwebhooks";
import { expect, test } from "vitest";
import { createSink } from "../../../consumer/src/events/sink.ts";

const MESSAGE = { id: "7-pr-12-abc-1-00000300", contentType: "application/json", body: '{"a":"ä"}' };
const URL_OF_SINK = "https://events.test/hooks/s3cret?key=s3cret";
const bytes = Buffer.from("thirty-two bytes of secret, at least");
const BASE64 = bytes.toString("base64");

interface Sent {
  readonly url: string;
  readonly init: RequestInit;
}

function sinkOf(answer: () => Response | Promise<Response>, secret: string | undefined = BASE64) {
  const sent: Sent[] = [];
  const fetcher: typeof fetch = async (url, init = {}) => {
    sent.push({ url: String(url), init });
    return answer();
  };
  return { sent, sink: createSink({ url: URL_OF_SINK, secret }, fetcher, () => new Date()) };
}

const headersOf = ([one]: readonly Sent[]) => Object.fromEntries(new Headers(one?.init.headers));

test.each([
  ["base64 with the prefix", `whsec_${BASE64}`, new Webhook(`whsec_${BASE64}`)],
  ["base64", BASE64, new Webhook(BASE64)],
  [
    "hexadecimal, which is base64, too",
    "0123456789abcdef".repeat(4),
    new Webhook("0123456789abcdef".repeat(4)),
  ],
  ["any text", "a secret: no base64", new Webhook("a secret: no base64", { format: "raw" })],
])("a secret of %s signs as Standard Webhooks says", async (_, secret, webhook) => {
  const { sent, sink } = sinkOf(() => new Response(null, { status: 204 }), secret);
  expect(await sink(MESSAGE)).toBe("sent");
  const headers = headersOf(sent);
  expect(headers).toMatchObject({ "webhook-id": MESSAGE.id, "content-type": "application/json" });
  expect(webhook.verify(String(sent[0]?.init.body), headers)).toEqual({ a: "ä" });
  expect(() => webhook.verify('{"a":"b"}', headers)).toThrow("No matching signature");
});

test("without a secret, nothing is signed", async () => {
  const sent: Sent[] = [];
  const fetcher: typeof fetch = async (url, init = {}) => {
    sent.push({ url: String(url), init });
    return new Response();
  };
  await createSink({ url: URL_OF_SINK, secret: undefined }, fetcher, () => new Date())(MESSAGE);
  expect(headersOf(sent)).toMatchObject({ "webhook-id": MESSAGE.id });
  expect(headersOf(sent)).not.toHaveProperty("webhook-signature");
});

test.each([
  [429, "backpressure"],
  [503, "backpressure"],
  [500, "retryable"],
  [408, "retryable"],
  [301, "configuration"],
  [401, "configuration"],
  [404, "configuration"],
  [405, "configuration"],
  [410, "configuration"],
  [400, "permanent"],
  [422, "permanent"],
])("HTTP %i is %s, and what it says is not kept", async (status, name) => {
  const location = status === 301 ? { location: "https://elsewhere.test/" } : {};
  const headers = { "retry-after": "7", ...location };
  const { sent, sink } = sinkOf(() => new Response("s3cret", { status, headers }));
  expect(await sink(MESSAGE)).toEqual({
    class: name,
    error: `the sink answered HTTP ${status}`,
    retryAfterMs: 7000,
  });
  expect(sent.map(({ init }) => init.redirect)).toEqual(["manual"]);
});

test("an address that cannot be reached is not in the error", async () => {
  const { sink } = sinkOf(() => Promise.reject(new TypeError(`fetch failed: ${URL_OF_SINK}`)));
  expect(await sink(MESSAGE)).toEqual({ class: "retryable", error: "no answer from the sink: TypeError" });
});
