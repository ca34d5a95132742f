import { env } from "cloudflare:workers";
import { ConfigError } from "@webhook-gateway/shared/config/common.ts";
import { readConsumerConfig } from "@webhook-gateway/shared/config/consumer.ts";
import { beforeEach, describe, expect, test } from "vitest";
import { ALERT_URL, closeDeadLetters, closeGate, openDeadLetter, startAlerts } from "../../support/alerts.ts";
import { empty, faulty, rows } from "../../support/database.ts";
import { second } from "../../support/facts.ts";

beforeEach(empty);

describe("a condition", () => {
  test("is sent once when it starts, and once when it has ended", async () => {
    const { told, words, clock, raise } = startAlerts();
    await openDeadLetter();
    await raise();
    clock.nowMs += 60_000;
    await openDeadLetter("fact-2");
    await raise();
    expect(told.map(({ body }) => body)).toEqual([
      {
        text: "[webhook-gateway production] ALERT: 1 dead letter of the last hour is open: gateway dlq list",
        environment: "production",
        condition: "dead letters",
        state: "firing",
        since: second(3600),
      },
    ]);
    await closeDeadLetters();
    clock.nowMs += 60_000;
    await raise();
    await raise();
    expect(told.slice(1).map(({ body }) => body)).toEqual([
      {
        text: "[webhook-gateway production] resolved: no dead letter of the last hour is open",
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

  test("is not sent if it ended before anybody was alerted", async () => {
    const { told, clock, receiver, raise } = startAlerts({ answer: () => new Response("", { status: 500 }) });
    await openDeadLetter();
    await raise();
    await closeDeadLetters();
    receiver.answer = () => new Response("ok");
    clock.nowMs += 60_000;
    await raise();
    expect(told).toEqual([]);
    await rows("UPDATE dead_letters SET status = 'open'");
    await raise();
    expect(told.map(({ body }) => body.state)).toEqual(["firing"]);
  });

  test("that came back before its end could be sent is not sent twice", async () => {
    const { told, clock, receiver, raise } = startAlerts();
    await openDeadLetter();
    await raise();
    receiver.answer = () => new Response("", { status: 503 });
    await closeDeadLetters();
    await raise();
    await rows("UPDATE dead_letters SET status = 'open'");
    receiver.answer = () => new Response("ok");
    clock.nowMs += 60_000;
    await raise();
    expect(told.map(({ body }) => body.state)).toEqual(["firing"]);
  });

  test("is sent by one of two consumers that check at once", async () => {
    const { words, raise } = startAlerts();
    await openDeadLetter();
    await Promise.all([raise(), raise(), raise()]);
    await closeDeadLetters();
    await Promise.all([raise(), raise(), raise()]);
    expect(words()).toEqual(["dead letters firing", "dead letters resolved"]);
  });

  test("does not keep the others", async () => {
    const { words, clock, receiver, raise } = startAlerts();
    receiver.answer = () => new Response("", { status: words().length === 0 ? 200 : 500 });
    await openDeadLetter();
    await closeGate("github");
    await raise();
    expect(words()).toHaveLength(1);
    receiver.answer = () => new Response("ok");
    clock.nowMs += 60_000;
    await raise();
    expect(words().toSorted()).toEqual(["dead letters firing", "gate GitHub firing"]);
  });

  test("that is not checked any more is sent as resolved", async () => {
    const { told, raise } = startAlerts();
    const of = {
      state: "firing",
      text: "x",
      since: second(0),
      told: "firing",
      attempts: 1,
      due_at: second(0),
    };
    await rows("INSERT INTO settings VALUES ('alert:bygone', ?1, '')", JSON.stringify(of));
    await raise();
    await raise();
    expect(told.map(({ body }) => body.text)).toEqual([
      '[webhook-gateway production] resolved: "bygone" is no longer watched',
    ]);
  });

  test("whose stored alert cannot be read is sent as if it were new", async () => {
    const { words, raise } = startAlerts();
    await openDeadLetter();
    await rows(`INSERT INTO settings VALUES ('alert:dead letters', '{"v":0}', '')`);
    await raise();
    await raise();
    expect(words()).toEqual(["dead letters firing"]);
  });
});

describe("a consumer that is killed", () => {
  test("before it sent the alert is followed by another one once its lease has run out", async () => {
    const { words, clock, raise } = startAlerts();
    await openDeadLetter();
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

  test("after it sent the alert sends it twice, but never not at all", async () => {
    const { words, clock, raise } = startAlerts();
    await openDeadLetter();
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
  ])("%s is sent again later, and its address is nowhere", async (_, answer, error) => {
    const { told, asked, lines, events, clock, receiver, raise } = startAlerts({ answer });
    await openDeadLetter();
    await raise();
    expect([told.length, asked.length]).toEqual([0, 1]);
    expect(events().at(-1)).toMatchObject({ level: "error", event: "alert.not-sent", attempts: 1, error });
    receiver.answer = () => new Response("ok");
    clock.nowMs += 60_000;
    await raise();
    expect(told).toHaveLength(1);
    const settings = JSON.stringify(await rows("SELECT * FROM settings"));
    expect(
      [...lines, settings].filter((text) => /secretpath|hooks\.example|alert secret/.test(text)),
    ).toEqual([]);
  });

  test("goes on failing is asked at every check, and the alert is logged once", async () => {
    const { asked, events, clock, raise } = startAlerts({ answer: () => new Response("", { status: 500 }) });
    await closeGate("grainchain");
    for (const minutes of [1, 2, 3, 4, 5, 6, 7, 8]) {
      await raise();
      expect(asked).toHaveLength(minutes);
      clock.nowMs += 60_000;
    }
    expect(events().filter(({ event }) => event === "alert")).toHaveLength(1);
  });
});

test("without an address a condition is logged once, and its end too", async () => {
  const { asked, events, raise } = startAlerts({ url: undefined });
  await openDeadLetter();
  await raise();
  await raise();
  await closeDeadLetters();
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
    expect(read).toThrow("bad configuration: ALERT_WEBHOOK_URL (not a URL)");
  },
);
