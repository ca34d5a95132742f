import { describe, expect, test } from "vitest";
import {
  answers,
  answersAfterAccepting,
  type FaultPolicy,
  isAtCapacity,
  resets,
  serves,
} from "../../grainchain/fault-policies.ts";
import { patienceMs } from "../../support/patience.ts";
import { freshRepository } from "../../system/driver.ts";
import { expectRetried, expectRetriedAfter, FAILED_ONCE, GATE_STATE, PULLS } from "../support/retries.ts";
import { shared } from "./gateway.ts";

const HTML = "<!doctype html><title>502 Bad Gateway</title>";

const CLOSING: readonly [string, "backpressure" | "configuration", FaultPolicy][] = [
  ["answers 429 with Retry-After", "backpressure", answers(429, "slow down", { "retry-after": "600" })],
  ["answers 429 without Retry-After", "backpressure", answers(429, "slow down")],
  ["answers 503", "backpressure", answers(503, HTML, { "content-type": "text/html" })],
  ["says 200 failed to every item, at capacity", "backpressure", isAtCapacity],
  ["answers 401", "configuration", answers(401, '{"detail":"Not authenticated"}')],
  ["answers 403", "configuration", answers(403, "")],
];

describe("while Grainchain refuses everything", () => {
  test.each(CLOSING)(
    "that %s, dispatch pauses as %s, at no cost, until it is over",
    async (_, reason, fault) => {
      const { gateway, grainchain, open, until, advance, settle, validationsOf, expectConsistent } = shared();
      const repo = freshRepository();
      grainchain.script.policy = fault;
      await open(repo, PULLS);
      await until(GATE_CLOSED, reason);

      // Closed for an hour, so that it does not open by itself during this check.
      await gateway.rows(HOLD_GATE);
      await until("SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM validations WHERE state = 'dispatching')");
      const before = grainchain.calls.length;
      await gateway.cron();
      expect(grainchain.calls).toHaveLength(before);
      expect(await validationsOf(repo)).toMatchObject(Array(PULLS).fill({ state: "queued", attempts: 0 }));

      // The probe fails too: one validation is sent, and the gate stays closed for longer.
      const [{ step = 0 } = {}] = await gateway.rows(GATE_STEP);
      await advance();
      await until(`SELECT 1 FROM (${GATE_STEP}) WHERE step > ?1`, Number(step));
      expect(grainchain.triggerCalls().at(-1)?.requests).toHaveLength(1);

      grainchain.script.policy = serves;
      await settle();

      expect(await validationsOf(repo)).toMatchObject(
        Array(PULLS).fill({ state: "completed", conclusion: "success", attempts: 1 }),
      );
      expect(await gateway.rows(GATE_STATE)).toEqual([{ state: "open" }]);
      expect(await gateway.rows("SELECT * FROM dead_letters WHERE repository = ?1", repo)).toEqual([]);
      await expectConsistent();
    },
  );
});

const FAILING: readonly [string, FaultPolicy, RegExp][] = [
  ["breaks connections", resets, /^no answer from Grainchain: /],
  ["answers 500", answers(500, "boom"), /^HTTP 500: boom$/],
  ["takes the work and answers 502", answersAfterAccepting(502, HTML), /^HTTP 502: <!doctype html>/],
  ["answers 408", answers(408), /^HTTP 408$/],
  ["answers with garbage", answers(200, '{"results":[{]'), /could not be read$/],
  ["takes the work and answers 200 with HTML", answersAfterAccepting(200, HTML), /could not be read$/],
  ["answers with JSON of another shape", answers(200, '{"ok":true}'), /could not be read$/],
  ["answers with an empty list", answers(200, '{"results":[]}'), /left this validation out$/],
];

describe("while Grainchain fails", () => {
  test.each(FAILING)(
    "in that it %s, every validation is tried again, at an attempt each",
    async (_, fault, error) => {
      await expectRetriedAfter(shared(), fault, error);
    },
  );

  test("because it refuses connections, every validation is retried after its own delay", async () => {
    const { gateway, grainchain, open, closeGate, openGate, until, expectConsistent } = shared();
    const repo = freshRepository();
    await closeGate();
    await open(repo, PULLS);
    await grainchain.goDown();
    await openGate();
    await until(FAILED_ONCE, repo, PULLS);

    await grainchain.comeBack();
    // The cron that opened the gate may have found Grainchain down: then the next one asks for its health again.
    await gateway.cron();

    // Nothing is made due: the wake-ups retry them.
    await until(COMPLETED, repo, PULLS);
    await expectRetried(shared(), repo);
    const delays = await gateway.rows(SELECT_DELAYS, repo);
    expect(delays).toHaveLength(PULLS);
    for (const { ms } of delays) expect(ms).toBeGreaterThanOrEqual(5_000);
    await expectConsistent();
  });
});

test("opens the gate again by itself, and shows in /health that it is closed", async () => {
  const { grainchain, open, until, validationsOf, expectConsistent } = shared();
  const repo = freshRepository();
  // Grainchain refuses every call meanwhile.
  grainchain.script.policy = answers(429, "slow down", { "retry-after": "1" });
  await open(repo, PULLS);
  await until(GATE_CLOSED, "backpressure");

  await expectHealth("degraded", { status: "degraded", detail: /gate has been closed since .*backpressure/ });
  grainchain.script.policy = serves;

  // Nothing is made due: the wake-up at the end of the gate's time opens it.
  await until(COMPLETED, repo, PULLS);
  expect(await validationsOf(repo)).toMatchObject(Array(PULLS).fill({ attempts: 1 }));
  await expectHealth("healthy", { status: "ok", detail: /last seen/ });
  await expectConsistent();
});

test("shows in /health that Grainchain refuses the configuration", async () => {
  const { gateway, grainchain, open, until, settle, expectConsistent } = shared();
  const repo = freshRepository();
  grainchain.script.policy = answers(401);
  await open(repo, 1);
  await until(GATE_CLOSED, "configuration");
  await gateway.rows(HOLD_GATE);

  await expectHealth("degraded", { status: "failed", detail: /configuration/ });

  grainchain.script.policy = serves;
  await settle();
  await expectConsistent();
});

/** `GET /health` may be a few seconds behind. */
async function expectHealth(
  status: string,
  grainchain: { readonly status: string; readonly detail: RegExp },
): Promise<void> {
  const { gateway } = shared();
  const checks = { grainchain: { ...grainchain, detail: expect.stringMatching(grainchain.detail) } };
  await expect
    .poll(async () => (await fetch(`${gateway.url}/health`)).json(), { interval: 200, timeout: patienceMs() })
    .toMatchObject({ status, checks });
}

const GATE_STEP = "SELECT value->>'step' AS step FROM settings WHERE name = 'gate:grainchain'";
const GATE_CLOSED = `
  SELECT 1 FROM settings WHERE name = 'gate:grainchain' AND value->>'state' = 'closed' AND value->>'reason' = ?1`;
const HOLD_GATE = `
  UPDATE settings SET value = json_set(value, '$.until', strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '+1 hour'))
  WHERE name = 'gate:grainchain' AND value->>'state' = 'closed'`;
const COMPLETED = `
  SELECT 1 FROM (SELECT count(*) AS n FROM validations WHERE repository = ?1 AND state = 'completed') WHERE n = ?2`;
/** The time from each first failure to the next attempt. */
const SELECT_DELAYS = `
  SELECT failed.validation_id,
         CAST(round((julianday(min(again.at)) - julianday(failed.at)) * 86400000) AS INTEGER) AS ms
  FROM (SELECT t.validation_id, min(t.at) AS at FROM timeline t JOIN validations v ON v.id = t.validation_id
        WHERE v.repository = ?1 AND t.reason LIKE 'retryable: %' GROUP BY t.validation_id) AS failed
  JOIN timeline again ON again.validation_id = failed.validation_id AND again.at > failed.at
       AND again.to_state = 'dispatching'
  GROUP BY failed.validation_id`;
