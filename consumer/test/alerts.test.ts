import { env } from "cloudflare:workers";
import { createLog } from "@webhook-gateway/shared/log.ts";
import { beforeEach, describe, expect, test } from "vitest";
import { raiseAlerts } from "../src/alerts.ts";
import { empty, migrate, rows } from "./support/database.ts";
import { clockAt } from "./support/grainchain.ts";

beforeEach(async () => {
  await migrate();
  await empty();
});

const URL = "https://hooks.example/services/T0/B0/secretpath";

interface Told {
  readonly body: Record<string, string>;
  readonly raw: string;
  readonly signature: string | null;
}

/** A receiver, and somebody who raises alerts to it. */
function startAlerts(options: { readonly answer?: () => Response; readonly url?: string | undefined } = {}) {
  const told: Told[] = [];
  const lines: string[] = [];
  const clock = clockAt(3600);
  const receiver = { answer: options.answer ?? (() => new Response("ok")) };
  const raise = () =>
    raiseAlerts({
      db: env.DB,
      fetch: async (_input, init) => {
        const response = receiver.answer();
        const raw = String(init?.body);
        const signature = new Headers(init?.headers).get("x-webhook-gateway-signature-256");
        if (response.ok) told.push({ body: JSON.parse(raw), raw, signature });
        return response;
      },
      log: createLog({ debug: true, write: (_, line) => void lines.push(line) }),
      now: () => new Date(clock.nowMs),
      thresholds: { oldestWaitingMs: 900_000 },
      environment: "production",
      url: "url" in options ? options.url : URL,
      secret: "alert secret",
    });
  return { told, lines, clock, receiver, raise };
}

const openLetter = () =>
  rows(
    `INSERT INTO dead_letters (id, kind, class, error, attempts, first_at, died_at)
     VALUES ('fact-1', 'fact', 'unrecorded', 'x', 1, '2026-11-01T10:00:00.000Z', '2026-11-01T10:00:00.000Z')`,
  );
const closeLetter = () => rows("UPDATE dead_letters SET status = 'discarded'");

test("tells once that a condition holds, and once that it has ended", async () => {
  const { told, raise } = startAlerts();
  await openLetter();
  await raise();
  await raise();
  expect(told.map(({ body }) => body)).toEqual([
    {
      text: "[webhook-gateway production] ALERT: 1 dead letters are open: gateway dlq list",
      environment: "production",
      condition: "dead letters",
      state: "firing",
      since: "2026-11-01T11:00:00.000Z",
    },
  ]);
  await closeLetter();
  await raise();
  await raise();
  expect(told.map(({ body }) => body.state)).toEqual(["firing", "resolved"]);
  await rows("UPDATE dead_letters SET status = 'open'");
  await raise();
  expect(told.map(({ body }) => body.state)).toEqual(["firing", "resolved", "firing"]);
});

test("signs what it tells", async () => {
  const { told, raise } = startAlerts();
  await openLetter();
  await raise();
  const encoder = new TextEncoder();
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", encoder.encode("alert secret"), algorithm, false, [
    "verify",
  ]);
  const hex = told[0]?.signature?.slice("sha256=".length) ?? "";
  const mac = Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
  expect(await crypto.subtle.verify("HMAC", key, mac, encoder.encode(told[0]?.raw))).toBe(true);
});

describe("a receiver that", () => {
  test.each([
    ["answers 500", () => new Response("", { status: 500 })],
    ["redirects", () => new Response("", { status: 302 })],
    [
      "cannot be reached",
      () => {
        throw new TypeError(`Failed to fetch ${URL}`);
      },
    ],
  ])("%s is told again later, and its address is nowhere", async (_, answer) => {
    const { told, lines, clock, receiver, raise } = startAlerts({ answer });
    await openLetter();
    await raise();
    expect(told).toEqual([]);
    receiver.answer = () => new Response("ok");
    await raise();
    expect(told).toEqual([]);
    clock.nowMs += 6000;
    await raise();
    expect(told).toHaveLength(1);
    const stored = JSON.stringify(await rows("SELECT * FROM settings"));
    expect([...lines, stored].filter((text) => text.includes("secretpath"))).toEqual([]);
  });
});

test("says nothing of what ended before anybody could be told", async () => {
  const { told, clock, receiver, raise } = startAlerts({ answer: () => new Response("", { status: 500 }) });
  await openLetter();
  await raise();
  await closeLetter();
  receiver.answer = () => new Response("ok");
  clock.nowMs += 60_000;
  await raise();
  expect(told).toEqual([]);
});

test("writes a log line where there is nobody to tell", async () => {
  const { told, lines, raise } = startAlerts({ url: undefined });
  await openLetter();
  await raise();
  await raise();
  expect(told).toEqual([]);
  expect(lines.filter((line) => line.includes('"event":"alert"'))).toHaveLength(1);
});
