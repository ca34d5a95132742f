import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { SECRETS } from "../support/gateway.ts";
import { type Attack, freshClient, hmac, MARKER } from "./support/attack.ts";
import { CORPUS } from "./support/bodies.ts";
import { budget, Tally, together } from "./support/budget.ts";
import { anyDelivery, type Delivery, FORGERIES } from "./support/deliveries.ts";
import { PATHS, STRANGE_PATHS } from "./support/documented.ts";
import { expectHealthy, shareTarget } from "./support/target.ts";

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "PURGE"];

const target = shareTarget(new Tally("ingress"));
/** The ids of signed deliveries that the gateway has answered as recorded. */
const recorded = new Set<string>();
/** How many deliveries started something. */
let accepted = 0;

const delivery = (headers: Attack["headers"], body: Buffer): Attack => ({
  method: "POST",
  path: "/webhook/github",
  headers: {
    "content-type": "application/json",
    "x-github-event": "pull_request",
    "x-github-delivery": randomUUID(),
    "cf-connecting-ip": freshClient(),
    ...headers,
  },
  body,
});

test.each([
  ["nobody", {}],
  ["an operator", { authorization: `Bearer ${SECRETS.OPERATOR_TOKEN}` }],
  ["a reader of pages", { authorization: `Basic ${btoa(`ada:${SECRETS.READER_TOKEN}`)}` }],
])("answers %s as documented on every documented path, with every method", async (_, who) => {
  for (const path of PATHS) {
    await Promise.all(
      METHODS.map((method) => {
        const body = Buffer.from(["GET", "HEAD", "TRACE"].includes(method) ? "" : `{"a":"${MARKER}"}`);
        const headers = { "cf-connecting-ip": freshClient(), ...who };
        return target().attack({ method, path, headers, body });
      }),
    );
  }
});

test("answers as not found on paths that are not documented", async () => {
  for (const path of STRANGE_PATHS) {
    const headers = { "cf-connecting-ip": freshClient() };
    const body = Buffer.alloc(0);
    await Promise.all(["GET", "POST"].map((method) => target().attack({ method, path, headers, body })));
  }
});

test.each(FORGERIES)("refuses a delivery with %s", async (_, forge) => {
  const body = Buffer.from(JSON.stringify({ zen: MARKER }));
  const signature = Object.entries(forge(body)).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  );
  await target().attack(delivery(Object.fromEntries(signature), body), [401]);
});

test.each(CORPUS)("answers a signed and an unsigned body of %s", async (_, given) => {
  const body = Buffer.from(given);
  const signature = `sha256=${hmac(SECRETS.GITHUB_WEBHOOK_SECRET, body)}`;
  const signed = ["application/json", "application/x-www-form-urlencoded"].map((type) =>
    delivery({ "x-hub-signature-256": signature, "content-type": type }, body),
  );
  await Promise.all([
    target().attack(delivery({}, body), [401]),
    ...signed.map((one) => target().attack(one, body.length === 0 ? [401] : [200, 400])),
  ]);
});

test.each([
  ["of 25 MiB exactly is read", 0, "", 401],
  ["of a byte more is refused", 1, "", 413],
  ["of a byte more without a length is refused", 1, "chunked", 413],
])("a body %s", async (_, more, encoding, status) => {
  const headers: Attack["headers"] =
    encoding === "" ? {} : { "transfer-encoding": encoding, "content-length": [] };
  await target().attack(delivery(headers, Buffer.alloc(25 * 1024 * 1024 + more, "{")), [status]);
});

test("limits an address that guesses signatures, and never a signed delivery", async () => {
  const guesser = { "cf-connecting-ip": "192.0.2.1" };
  const answers: number[] = [];
  const guesses = Array.from({ length: 13 }, () => async () => {
    for (let guess = 0; guess < 10; guess++) {
      const { status } = await target().attack(delivery(guesser, Buffer.from("{}")), [401, 429]);
      answers.push(status);
    }
  });
  await Promise.all(guesses.map((guess) => guess()));
  expect(answers).toContain(429);
  const body = Buffer.from('{"zen":"Keep it simple."}');
  const signature = `sha256=${hmac(SECRETS.GITHUB_WEBHOOK_SECRET, body)}`;
  const id = randomUUID();
  const headers = { ...guesser, "x-hub-signature-256": signature, "x-github-event": "ping" };
  await target().attack(delivery({ ...headers, "x-github-delivery": id }, body), [200]);
  recorded.add(id);
});

async function attack({ attack, id, signed, expected }: Delivery): Promise<void> {
  const { status } = await target().attack(attack, expected);
  if (status === 202) {
    expect(signed).toBe(true);
    accepted++;
  }
  if (status === 202 || (status === 200 && attack.headers["x-github-event"] === "ping"))
    recorded.add(String(id));
}

test("answers every random delivery as documented", async () => {
  await fc.assert(
    fc.asyncProperty(together(anyDelivery(randomUUID)), async (deliveries) => {
      await Promise.all(deliveries.map(attack));
    }),
    budget(),
  );
  expect(accepted).toBeGreaterThan(0);
});

test("still works afterwards, and has recorded the signed deliveries and nothing else", async () => {
  await expectHealthy(target(), recorded);
});
