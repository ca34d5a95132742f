import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { buildPayload } from "../../cli/src/input/payload.ts";
import type { FaultPolicy } from "../grainchain/fault-policies.ts";
import { startDouble } from "../grainchain/server.ts";
import { amount, SEED } from "../support/amount.ts";
import { Random } from "../support/random.ts";
import { Activity, eventually } from "../system/activity.ts";
import { PAST } from "../system/driver.ts";
import { expectInvariants, expectOneRunEach } from "../system/invariants.ts";
import { startProgram } from "../system/program.ts";
import { type Gateway, PUBLIC_URL, startGateway } from "./support/gateway.ts";
import { type Point, type Steps, startSteps } from "./support/steps.ts";

/** One point of each kind: each leaves something else behind. */
const POINTS: readonly Point[] = [
  // Deliveries: read but not written; written without a wake-up; with a wake-up but not acknowledged.
  { step: /^before events transaction/, nth: 2 },
  { step: /^after events transaction/, nth: 2 },
  { step: /^after events wake-up/, nth: 1 },
  // Dispatches: leased but not sent; accepted but not answered; answered but not written; written.
  { step: /^before Grainchain/, nth: 1 },
  { step: /^after Grainchain/, nth: 1 },
  { step: /^before work transaction/, nth: 3 },
  { step: /^after work transaction/, nth: 4 },
  // Callbacks: written but not acknowledged.
  { step: /^after events transaction/, nth: 4 },
];
/** More points for a soak test: anywhere in the handling of some pull requests, and in crons. */
const MORE = amount(0, 60);
const ANYWHERE = /./;
const STEPS = 60;
const CRON_MS = 500;
const PULLS_EACH = 6;

interface Pull {
  readonly guid: string;
  readonly body: string;
}

test("keeps its invariants wherever workerd is killed, and runs everything once in the end", async () => {
  const random = new Random(SEED);
  const anywhere = Array.from({ length: MORE }, () => ({ step: ANYWHERE, nth: 1 + random.below(STEPS) }));
  const { gateway, grainchain, steps, stateDir, end } = await startKillable();
  const pulls: Pull[] = [];
  const killed: string[] = [];

  for (const point of [...POINTS, ...anywhere]) {
    const missing = await unrecorded(gateway, pulls);
    const reached = steps.holdAt(point);
    const sending = sendAll(gateway, [...missing, ...openPulls(pulls)]);
    const fire = (): void => void gateway.cron().catch(() => undefined);
    const crons = point.step === ANYWHERE ? setInterval(fire, CRON_MS) : undefined;
    killed.push(await reached.finally(() => clearInterval(crons)));
    await gateway.kill();
    steps.end();
    await sending;
    await expectInvariants(gateway);
    await passTime(gateway);
  }
  writeSync(2, `kills: seed ${SEED}, ${killed.length}: ${killed.join(", ")}\n`);

  await eventually("everything has finished", async () => {
    await sendAll(gateway, await unrecorded(gateway, pulls));
    await passTime(gateway);
    await gateway.cron();
    const done = await gateway.rows("SELECT id FROM validations WHERE state = 'completed'");
    return done.length === pulls.length;
  });

  await grainchain.sandboxes.ended();
  await expectInvariants(gateway);
  await expectOneRunEach(gateway, grainchain);
  expect(grainchain.sandboxes.runs.size).toBe(pulls.length);
  expect(await gateway.rows("SELECT * FROM dead_letters")).toEqual([]);

  // The command checks the database on disk, and names a row that breaks a rule.
  const [{ id } = {}] = await gateway.rows(
    "UPDATE validations SET lease_id = 'none' WHERE id = (SELECT min(id) FROM validations) RETURNING id",
  );
  await end();
  const program = startProgram(["invariants"], { GATEWAY_STATE: stateDir });
  await once(program.child, "close");
  expect({ code: program.child.exitCode, printed: program.stdout }).toEqual({
    code: 1,
    printed: [
      expect.stringContaining(`: ${id}: completed with lease none`),
      expect.stringMatching(/^\d+ rules checked, 1 rows break one$/),
    ],
  });
});

/** A gateway that can be killed at every step. */
async function startKillable() {
  const ends: (() => Promise<void>)[] = [];
  const whenDone = (end: () => Promise<void>) => void ends.unshift(end);
  const end = async (): Promise<void> => {
    for (const one of ends.splice(0)) await one();
  };
  onTestFinished(end);
  const stateDir = mkdtempSync(path.join(tmpdir(), "webhook-gateway-kill-"));
  onTestFinished(() => rmSync(stateDir, { recursive: true, force: true }));
  const steps = await startSteps(whenDone);
  const activity = new Activity();
  const grainchain = await startDouble({ whenDone, activity });
  grainchain.script.policy = reportingTo(steps);
  const gateway = await startGateway({
    grainchainUrl: grainchain.url,
    vars: { GRAINCHAIN_REQUEST_TIMEOUT_MS: "600000" },
    activity,
    stateDir,
    entry: steps.entry,
    whenDone,
  });
  grainchain.sandboxes.redirectCallbacks(PUBLIC_URL, gateway.url);
  return { gateway, grainchain, steps, stateDir, end };
}

/** Serves, and reports it before and after. */
const reportingTo =
  (steps: Steps): FaultPolicy =>
  async (_call, serve) => {
    if (!(await steps.pass("before Grainchain takes it"))) return "reset";
    const reply = serve();
    return (await steps.pass("after Grainchain has taken it")) ? reply : "reset";
  };

/** Adds new pull requests to the list before they are sent. */
function openPulls(pulls: Pull[]): Pull[] {
  const opened = Array.from({ length: PULLS_EACH }, (_, index) => {
    const options = { repo: "acme/widgets", pr: pulls.length + index + 1, now: new Date() };
    return { guid: randomUUID(), body: JSON.stringify(buildPayload("pull_request.opened", options)) };
  });
  pulls.push(...opened);
  return opened;
}

/** The deliveries that a kill removed from the queue or the connection: GitHub's redelivery brings them again. */
async function unrecorded({ rows }: Gateway, pulls: readonly Pull[]): Promise<Pull[]> {
  const recorded = new Set((await rows("SELECT id FROM deliveries")).map(({ id }) => id));
  return pulls.filter(({ guid }) => !recorded.has(guid));
}

/** Sends deliveries. Broken connections are expected. */
async function sendAll(gateway: Gateway, pulls: readonly Pull[]): Promise<void> {
  await Promise.allSettled(pulls.map((pull) => gateway.deliver({ event: "pull_request", ...pull })));
}

/** Ends leases, backoffs and silences that last minutes. */
async function passTime({ rows }: Gateway): Promise<void> {
  await rows(`UPDATE validations SET due_at = '${PAST}' WHERE due_at IS NOT NULL`);
  await rows(`UPDATE validations SET lease_until = '${PAST}' WHERE lease_until IS NOT NULL`);
  await rows(
    `UPDATE validations SET heard_at = '${PAST}', watch_from = '${PAST}', watch_until = NULL WHERE state IN ('pending', 'running')`,
  );
}
