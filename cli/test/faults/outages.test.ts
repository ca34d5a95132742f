import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { succeedsSilentlyAfter } from "./support/courses.ts";
import {
  answers,
  answersAfterTaking,
  type Behaviour,
  hangs,
  hangsAfterTaking,
  isAtCapacity,
  resets,
  serves,
} from "./support/faults.ts";
import { eventually, freshRepository, shareSystem } from "./support/system.ts";

const shared = shareSystem({ vars: { GRAINCHAIN_REQUEST_TIMEOUT_MS: "1500" } });

const PULLS = 4;
const HTML = "<!doctype html><title>502 Bad Gateway</title>";

const CLOSING: readonly [string, "backpressure" | "configuration", Behaviour][] = [
  ["answers 429 with Retry-After", "backpressure", answers(429, "slow down", { "retry-after": "600" })],
  ["answers 429 without Retry-After", "backpressure", answers(429, "slow down")],
  ["answers 503", "backpressure", answers(503, HTML, { "content-type": "text/html" })],
  ["says 200 failed to every item, at capacity", "backpressure", isAtCapacity],
  ["answers 401", "configuration", answers(401, '{"detail":"Not authenticated"}')],
  ["answers 403", "configuration", answers(403, "")],
];

describe("while Grainchain refuses everybody", () => {
  test.each(CLOSING)(
    "that %s, dispatch pauses as %s, at no cost, until it is over",
    async (_, reason, fault) => {
      const { gateway, grainchain, open, until, hurry, settle, validationsOf, expectSound } = shared();
      const repo = freshRepository();
      grainchain.script.weather = fault;
      await open(repo, PULLS);
      await until(GATE_CLOSED, reason);

      // Held for an hour, so that no time of its own opens it while this looks.
      await gateway.rows(HOLD_GATE);
      await until("SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM validations WHERE state = 'dispatching')");
      const before = grainchain.calls.length;
      await gateway.cron();
      expect(grainchain.calls).toHaveLength(before);
      await until(
        "SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM validations WHERE attempts > 0 AND state = 'queued')",
      );

      // The probe finds it as it was: one validation is sent, and the gate stays closed for longer.
      const [{ step = 0 } = {}] = await gateway.rows(GATE_STEP);
      await hurry();
      await until(`SELECT 1 FROM (${GATE_STEP}) WHERE step > ?1`, Number(step));
      expect(grainchain.triggerCalls().at(-1)?.requests).toHaveLength(1);

      grainchain.script.weather = serves;
      await settle();

      expect(await validationsOf(repo)).toMatchObject(
        Array(PULLS).fill({ state: "completed", conclusion: "success", attempts: 1 }),
      );
      expect(await gateway.rows(GATE_STATE)).toEqual([{ state: "open" }]);
      expect(await gateway.rows("SELECT * FROM dead_letters")).toEqual([]);
      await expectSound();
    },
  );
});

const FAILING: readonly [string, Behaviour, RegExp][] = [
  ["hangs", hangs, /^no answer from Grainchain: TimeoutError/],
  ["takes the work and hangs", hangsAfterTaking, /^no answer from Grainchain: TimeoutError/],
  // The test harness stands between the Worker and the network: it makes a 500 of what fails there.
  ["breaks connections", resets, /^(?:no answer from Grainchain|HTTP 500: .*fetch failed)/],
  ["answers 500", answers(500, "boom"), /^HTTP 500: boom$/],
  ["takes the work and answers 502", answersAfterTaking(502, HTML), /^HTTP 502: <!doctype html>/],
  ["answers 408", answers(408), /^HTTP 408$/],
  ["answers with garbage", answers(200, '{"results":[{]'), /could not be read$/],
  ["takes the work and answers 200 with HTML", answersAfterTaking(200, HTML), /could not be read$/],
  ["answers with JSON of another shape", answers(200, '{"ok":true}'), /could not be read$/],
  ["answers with an empty list", answers(200, '{"results":[]}'), /left this validation out$/],
];

describe("while Grainchain fails", () => {
  test.each(FAILING)(
    "in that it %s, every validation is tried again, at an attempt each",
    async (_, fault, error) => {
      const { gateway, grainchain, open, until, hurryUntil, settle, validationsOf, expectSound } = shared();
      const repo = freshRepository();
      const { promise: letGo, resolve: finish } = Promise.withResolvers<void>();
      grainchain.script.course = succeedsSilentlyAfter(letGo);
      grainchain.script.weather = fault;
      await open(repo, PULLS);
      await until(FAILED_ONCE, repo, PULLS);
      const waiting = (await validationsOf(repo)).filter(({ state }) => state === "queued");

      // What Grainchain had taken is asked for again, and found by its key.
      grainchain.script.weather = serves;
      await hurryUntil(ACCEPTED, repo, PULLS);
      finish();
      await settle();

      for (const row of waiting) expect(row.error).toMatch(error);
      await expectTriedAgain(repo);
      expect(await gateway.rows(GATE_STATE)).toEqual([{ state: "open" }]);
      await expectSound();
    },
  );

  test("in that it refuses connections, every validation is tried again, by itself and after its own delay", async () => {
    const { grainchain, open, until, gateway, expectSound } = shared();
    const repo = freshRepository();
    await grainchain.goDown();
    await open(repo, PULLS);
    await until(FAILED_ONCE, repo, PULLS);

    await grainchain.comeBack();

    // Nothing is hurried: the wake-ups do it.
    await until(COMPLETED, repo, PULLS);
    await expectTriedAgain(repo);
    const tries = await gateway.rows(SELECT_TRIES, repo);
    for (const { due_after_ms } of tries) {
      expect(due_after_ms).toBeGreaterThanOrEqual(2500);
      expect(due_after_ms).toBeLessThan(240_000);
    }
    await expectSound();
  });
});

test("opens the gate again by itself, and says so in /health meanwhile", async () => {
  const { gateway, grainchain, open, until, validationsOf, expectSound } = shared();
  const repo = freshRepository();
  grainchain.script.weather = answers(429, "slow down", { "retry-after": "6" });
  await open(repo, PULLS);
  await until(GATE_CLOSED, "backpressure");

  await expectHealth(gateway.url, "degraded", { status: "degraded", detail: /paused since .*backpressure/ });
  grainchain.script.weather = serves;

  // Nothing is hurried: the wake-up at the end of the gate's time does it.
  await until(COMPLETED, repo, PULLS);
  expect(await validationsOf(repo)).toMatchObject(Array(PULLS).fill({ attempts: 1 }));
  await expectHealth(gateway.url, "healthy", { status: "ok", detail: /last seen/ });
  await expectSound();
});

test("says in /health that Grainchain refuses the configuration", async () => {
  const { gateway, grainchain, open, until, settle, expectSound } = shared();
  const repo = freshRepository();
  grainchain.script.weather = answers(401);
  await open(repo, 1);
  await until(GATE_CLOSED, "configuration");
  await gateway.rows(HOLD_GATE);

  await expectHealth(gateway.url, "degraded", { status: "failed", detail: /configuration/ });

  grainchain.script.weather = serves;
  await settle();
  await expectSound();
});

/** `GET /health` may be a few seconds behind. */
async function expectHealth(
  url: string,
  status: string,
  grainchain: { status: string; detail: RegExp },
): Promise<void> {
  let seen: unknown;
  const matches = async (): Promise<boolean> => {
    const health = (await (await fetch(`${url}/health`)).json()) as {
      status: string;
      checks: { grainchain: { status: string; detail: string } };
    };
    seen = health;
    const { checks } = health;
    return (
      health.status === status &&
      checks.grainchain.status === grainchain.status &&
      grainchain.detail.test(checks.grainchain.detail)
    );
  };
  const deadline = Date.now() + 30_000;
  while (!(await matches())) {
    if (Date.now() > deadline) expect(seen).toMatchObject({ status, checks: { grainchain } });
    await delay(200);
  }
}

/** Each validation failed at least once, and each failure cost it one attempt. */
async function expectTriedAgain(repo: string): Promise<void> {
  await eventually("results", async () => (await shared().gateway.rows(COMPLETED, repo, PULLS)).length > 0);
  const tries = await shared().gateway.rows(SELECT_TRIES, repo);
  expect(tries).toHaveLength(PULLS);
  for (const row of tries) {
    expect(row.failures).toBeGreaterThanOrEqual(1);
    expect(row).toMatchObject({ state: "completed", conclusion: "success", due_left: 0 });
    expect(row.attempts).toBe(Number(row.failures) + Number(row.acceptances));
  }
  expect(await shared().gateway.rows("SELECT * FROM dead_letters")).toEqual([]);
}

const GATE_STATE = "SELECT value->>'state' AS state FROM settings WHERE name = 'gate:grainchain'";
const GATE_STEP = "SELECT value->>'step' AS step FROM settings WHERE name = 'gate:grainchain'";
const GATE_CLOSED = `
  SELECT 1 FROM settings WHERE name = 'gate:grainchain' AND value->>'state' = 'closed' AND value->>'reason' = ?1`;
const HOLD_GATE = `
  UPDATE settings SET value = json_set(value, '$.until', strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '+1 hour'))
  WHERE name = 'gate:grainchain' AND value->>'state' = 'closed'`;
const ACCEPTED = `
  SELECT 1 FROM (SELECT count(*) AS n FROM validations WHERE repository = ?1 AND state = 'pending') WHERE n = ?2`;
const COMPLETED = `
  SELECT 1 FROM (SELECT count(*) AS n FROM validations WHERE repository = ?1 AND state = 'completed') WHERE n = ?2`;
const FAILED_ONCE = `
  SELECT 1 FROM (SELECT count(DISTINCT v.id) AS n FROM validations v JOIN timeline t ON t.validation_id = v.id
                 WHERE v.repository = ?1 AND t.reason LIKE 'retryable: %') WHERE n = ?2`;
const SELECT_TRIES = `
  SELECT v.state, v.conclusion, v.attempts, v.due_at IS NOT NULL AS due_left,
         sum(t.reason LIKE 'retryable: %') AS failures,
         sum(t.reason LIKE 'accepted by Grainchain%') AS acceptances,
         CAST((julianday(max(iif(t.to_state = 'dispatching', t.at, NULL)))
               - julianday(min(iif(t.reason LIKE 'retryable: %', t.at, NULL)))) * 86400000 AS INTEGER) AS due_after_ms
  FROM validations v JOIN timeline t ON t.validation_id = v.id WHERE v.repository = ?1 GROUP BY v.id`;
