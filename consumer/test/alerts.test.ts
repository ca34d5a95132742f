import { env } from "cloudflare:workers";
import { ConfigError } from "@webhook-gateway/shared/config.ts";
import { beforeEach, describe, expect, test } from "vitest";
import { nextAlert } from "../src/alerts.ts";
import { readConsumerConfig } from "../src/config.ts";
import { ALERT_SECRET, ALERT_URL, closeLetters, openLetter, startAlerts } from "./support/alerts.ts";
import { empty, faulty, migrate, row, rows } from "./support/database.ts";
import { second } from "./support/facts.ts";

beforeEach(async () => {
  await migrate();
  await empty();
});

const stored = async (): Promise<unknown> =>
  JSON.parse((await row<{ value: string }>("SELECT value FROM settings WHERE name LIKE 'alert:%'")).value);

describe("a condition", () => {
  test("is told of once when it begins to hold, and once when it has ended", async () => {
    const { told, words, clock, raise } = startAlerts();
    await openLetter();
    await raise();
    clock.nowMs += 60_000;
    await openLetter("fact-2");
    await raise();
    expect(told.map(({ body }) => body)).toEqual([
      {
        text: "[webhook-gateway production] ALERT: 1 dead letters are open: gateway dlq list",
        environment: "production",
        condition: "dead letters",
        state: "firing",
        since: second(3600),
      },
    ]);
    await closeLetters();
    clock.nowMs += 60_000;
    await raise();
    await raise();
    expect(told.slice(1).map(({ body }) => body)).toEqual([
      {
        text: "[webhook-gateway production] resolved: 1 dead letters are open: gateway dlq list",
        environment: "production",
        condition: "dead letters",
        state: "resolved",
        since: second(3720),
      },
    ]);
    await rows("UPDATE dead_letters SET status = 'open'");
    await raise();
    expect(words()).toEqual(["dead letters firing", "dead letters resolved", "dead letters firing"]);
  });

  test("is not told of where it ended before anybody could be told", async () => {
    const { told, clock, receiver, raise } = startAlerts({ answer: () => new Response("", { status: 500 }) });
    await openLetter();
    await raise();
    await closeLetters();
    receiver.answer = () => new Response("ok");
    clock.nowMs += 60_000;
    await raise();
    expect(told).toEqual([]);
    await rows("UPDATE dead_letters SET status = 'open'");
    await raise();
    expect(told.map(({ body }) => body.state)).toEqual(["firing"]);
  });

  test("that came back before its end could be told is told of no second time", async () => {
    const { told, clock, receiver, raise } = startAlerts();
    await openLetter();
    await raise();
    receiver.answer = () => new Response("", { status: 503 });
    await closeLetters();
    await raise();
    await rows("UPDATE dead_letters SET status = 'open'");
    receiver.answer = () => new Response("ok");
    clock.nowMs += 60_000;
    await raise();
    expect(told.map(({ body }) => body.state)).toEqual(["firing"]);
  });

  test("is told of by one of two consumers that look at once", async () => {
    const { words, raise } = startAlerts();
    await openLetter();
    await Promise.all([raise(), raise(), raise()]);
    await closeLetters();
    await Promise.all([raise(), raise(), raise()]);
    expect(words()).toEqual(["dead letters firing", "dead letters resolved"]);
  });

  test("does not keep the others", async () => {
    const { words, clock, receiver, raise } = startAlerts();
    receiver.answer = () => new Response("", { status: words().length === 0 ? 200 : 500 });
    await openLetter();
    await rows("INSERT INTO settings VALUES ('gate:github', ?1, '')", JSON.stringify(closedGate));
    await raise();
    expect(words()).toHaveLength(1);
    receiver.answer = () => new Response("ok");
    clock.nowMs += 60_000;
    await raise();
    expect(words().toSorted()).toEqual(["dead letters firing", "gate GitHub firing"]);
  });

  test("whose stored alert is not understood is told of as if it were new", async () => {
    const { words, raise } = startAlerts();
    await openLetter();
    await rows(`INSERT INTO settings VALUES ('alert:dead letters', '{"v":0}', '')`);
    await raise();
    await raise();
    expect(words()).toEqual(["dead letters firing"]);
  });
});

const closedGate = {
  state: "closed",
  reason: "configuration",
  detail: "HTTP 401: <b>no</b> & <!channel>",
  since: second(0),
  until: second(10),
  step: 2,
};

describe("a consumer that ends without a word", () => {
  test("before it told is followed by another one once its lease has run out", async () => {
    const { words, clock, raise } = startAlerts();
    await openLetter();
    let trip = 0;
    await expect(raise(faulty(env.DB, () => (++trip === 2 ? "after" : "never")))).rejects.toThrow("injected");
    expect(words()).toEqual([]);
    clock.nowMs += 60_000;
    await raise();
    expect(words()).toEqual([]);
    clock.nowMs += 60_000;
    await raise();
    expect(words()).toEqual(["dead letters firing"]);
  });

  test("after it told has told twice, and never not at all", async () => {
    const { words, clock, raise } = startAlerts();
    await openLetter();
    let trip = 0;
    await expect(raise(faulty(env.DB, () => (++trip === 3 ? "before" : "never")))).rejects.toThrow(
      "injected",
    );
    clock.nowMs += 120_000;
    await raise();
    await raise();
    expect(words()).toEqual(["dead letters firing", "dead letters firing"]);
  });
});

describe("a message", () => {
  test("is a POST of JSON to the address, signed as GitHub signs", async () => {
    const { told, raise } = startAlerts();
    await openLetter();
    await raise();
    const [one] = told;
    expect([one?.method, one?.url, one?.headers.get("content-type")]).toEqual([
      "POST",
      ALERT_URL,
      "application/json",
    ]);
    const signature = one?.headers.get("x-webhook-gateway-signature-256") ?? "";
    expect(signature).toMatch(/^sha256=[0-9a-f]{64}$/);
    expect(await verifies(ALERT_SECRET, one?.raw ?? "", signature)).toBe(true);
    expect(await verifies("another secret", one?.raw ?? "", signature)).toBe(false);
    expect(await verifies(ALERT_SECRET, `${one?.raw} `, signature)).toBe(false);
  });

  test("is not signed where there is no secret", async () => {
    const { told, raise } = startAlerts({ secret: undefined });
    await openLetter();
    await raise();
    expect(told[0]?.headers.has("x-webhook-gateway-signature-256")).toBe(false);
  });

  test("has a text in which nothing is markup, whatever a server answered", async () => {
    const { told, raise } = startAlerts();
    await rows("INSERT INTO settings VALUES ('gate:grainchain', ?1, '')", JSON.stringify(closedGate));
    await raise();
    expect(told[0]?.body.text).toBe(
      `[webhook-gateway production] ALERT: Grainchain is not being asked since ${second(0)}: ` +
        "configuration, HTTP 401: &lt;b&gt;no&lt;/b&gt; &amp; &lt;!channel&gt;",
    );
  });
});

async function verifies(secret: string, body: string, signature: string): Promise<boolean> {
  const encoder = new TextEncoder();
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", encoder.encode(secret), algorithm, false, ["verify"]);
  const hex = signature.slice("sha256=".length).match(/../g) ?? [];
  const mac = Uint8Array.from(hex, (byte) => Number.parseInt(byte, 16));
  return crypto.subtle.verify("HMAC", key, mac, encoder.encode(body));
}

describe("a receiver that", () => {
  test.each([
    ["answers 500", () => new Response("no", { status: 500 }), "HTTP 500"],
    ["answers 404", () => new Response("no", { status: 404 }), "HTTP 404"],
    [
      "redirects",
      () => new Response("", { status: 302, headers: { location: "https://x.test" } }),
      "HTTP 302",
    ],
    ["cannot be reached", () => Promise.reject(new TypeError(`Failed to fetch ${ALERT_URL}`)), "TypeError"],
    [
      "does not answer in time",
      () => Promise.reject(new DOMException(`${ALERT_URL} timed out`, "TimeoutError")),
      expect.stringMatching(/^(TimeoutError|unknown error)$/),
    ],
  ])("%s is told again later, and its address is nowhere", async (_, answer, error) => {
    const { told, asked, lines, events, clock, receiver, raise } = startAlerts({ answer });
    await openLetter();
    await raise();
    expect([told.length, asked.length]).toEqual([0, 1]);
    expect(events().at(-1)).toMatchObject({ level: "error", event: "alert.not-sent", attempts: 1, error });
    receiver.answer = () => new Response("ok");
    await raise();
    expect(told).toEqual([]);
    clock.nowMs += 5000;
    await raise();
    expect(told).toHaveLength(1);
    const settings = JSON.stringify(await rows("SELECT * FROM settings"));
    expect(
      [...lines, settings].filter((text) => /secretpath|hooks\.example|alert secret/.test(text)),
    ).toEqual([]);
  });

  test("goes on failing is asked ever more seldom, and the alert is logged once", async () => {
    const { asked, events, clock, raise } = startAlerts({ answer: () => new Response("", { status: 500 }) });
    const beganMs = clock.nowMs;
    const attempts: number[] = [];
    await openLetter();
    for (let elapsedMs = 0; elapsedMs <= 4000_000; elapsedMs += 1000) {
      const before = asked.length;
      // Where nothing is due there is nothing to find out.
      const dueMs = attempts.length === 0 ? 0 : Date.parse(Object(await stored()).due_at) - beganMs;
      clock.nowMs = beganMs + Math.max(elapsedMs, dueMs);
      elapsedMs = clock.nowMs - beganMs;
      await raise();
      if (asked.length > before) attempts.push(elapsedMs / 1000);
    }
    expect(attempts).toEqual([0, 5, 15, 35, 75, 155, 315, 635, 1275, 2175, 3075, 3975, 4875]);
    expect(events().filter(({ event }) => event === "alert")).toHaveLength(1);
  });
});

test("without an address a condition is logged once, and its end too", async () => {
  const { asked, events, raise } = startAlerts({ url: undefined });
  await openLetter();
  await raise();
  await raise();
  await closeLetters();
  await raise();
  await raise();
  expect(asked).toEqual([]);
  expect(events()).toEqual([
    expect.objectContaining({ level: "warn", event: "alert", condition: "dead letters", state: "firing" }),
    expect.objectContaining({ level: "warn", event: "alert", condition: "dead letters", state: "resolved" }),
  ]);
});

test.each(["hooks.example/s3cret", "ftp://hooks.example/s3cret", "https://", "s3cret", "javascript:s3cret"])(
  "a bad address is an error of the configuration that names the key and nothing of %s",
  (url) => {
    const read = () =>
      readConsumerConfig({
        ENVIRONMENT: "development",
        GRAINCHAIN_CALLBACK_SECRET: "x",
        CLOUDFLARE_WORKER_URL: "http://localhost:8787",
        GRAINCHAIN_API_URL: "http://localhost:8080",
        ALERT_WEBHOOK_URL: url,
      });
    expect(read).toThrow(ConfigError);
    expect(read).toThrow("bad configuration: ALERT_WEBHOOK_URL (bad check)");
  },
);

describe("an alert", () => {
  const NOW = second(100);
  const told = {
    state: "firing",
    text: "x",
    since: second(0),
    told: "firing",
    attempts: 3,
    due_at: second(9),
  };
  test.each([
    ["of what never held is none", undefined, undefined, undefined],
    [
      "begins",
      undefined,
      "x",
      { state: "firing", text: "x", since: NOW, told: null, attempts: 0, due_at: NOW },
    ],
    ["stays as it is while the condition holds", told, "y", told],
    [
      "ends with the text it began with",
      told,
      undefined,
      { ...told, state: "resolved", since: NOW, attempts: 0, due_at: NOW },
    ],
    ["that has ended stays so", { ...told, state: "resolved" }, undefined, { ...told, state: "resolved" }],
    [
      "begins again with a text of its own",
      { ...told, state: "resolved" },
      "y",
      { ...told, state: "firing", text: "y", since: NOW, attempts: 0, due_at: NOW },
    ],
  ])("%s", (_, before, text, after) => {
    expect(nextAlert(before as Parameters<typeof nextAlert>[0], text, NOW)).toEqual(after);
  });
});
