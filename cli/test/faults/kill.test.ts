import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { sendDelivery } from "../../src/delivery.ts";
import { buildPayload } from "../../src/payload.ts";
import { processesWith } from "../e2e/support/processes.ts";
import { environment, queryD1, SECRET, startProgram } from "../e2e/support/program.ts";
import { startDouble } from "./support/grainchain.ts";
import { eventually, PAST } from "./support/system.ts";

/** How often the whole gateway is killed. `FAULT_KILLS=20` is what a change of recording or dispatch is held to. */
const KILLS = Number(process.env.FAULT_KILLS ?? 3);
const PULLS_EACH = 6;
const MAX_DELAY_MS = 2_500;

interface Pull {
  readonly guid: string;
  readonly body: string;
}

test(`holds its invariants while it is killed ${KILLS} times, and in the end has run everything once`, {
  timeout: 60_000 + KILLS * 40_000,
}, async () => {
  const { env: place, url, stateDir } = await environment();
  const grainchain = await startDouble();
  const env = {
    ...place,
    GRAINCHAIN_API_URL: grainchain.url,
    GRAINCHAIN_REQUEST_TIMEOUT_MS: "2000",
    GRAINCHAIN_TIMEOUT: "1000",
  };
  const pulls: Pull[] = [];

  for (let kill = 0; kill < KILLS; kill++) {
    const gateway = startProgram(["start", "--no-demo"], env);
    await gateway.waitForLine(/^ready /);
    const sending = sendAll(url, [...(await unrecorded(env, pulls)), ...openPulls(pulls)]);
    // The instant is the point: it falls before, between and after every step.
    await delay(Math.random() * MAX_DELAY_MS);
    process.kill(-Number(gateway.child.pid), "SIGKILL");
    await once(gateway.child, "close");
    await sending;
    await eventually("no process", async () => processesWith(stateDir).length === 0);
    await expectInvariants(env);
  }

  const gateway = startProgram(["start", "--no-demo"], env);
  await gateway.waitForLine(/^ready /);
  await eventually("everything has finished", async () => {
    await sendAll(url, await unrecorded(env, pulls));
    // Leases, backoffs and silences of minutes are over at once.
    await queryD1(env, `UPDATE validations SET due_at = '${PAST}' WHERE due_at IS NOT NULL`);
    await queryD1(env, `UPDATE validations SET lease_until = '${PAST}' WHERE lease_until IS NOT NULL`);
    await queryD1(env, `UPDATE validations SET heard_at = '${PAST}' WHERE state IN ('pending', 'running')`);
    await beat(url);
    const done = await queryD1(env, "SELECT id FROM validations WHERE state = 'completed'");
    return done.length === pulls.length;
  });

  await expectInvariants(env);
  expect(grainchain.sandboxes.runs.size).toBe(pulls.length);
  expect(grainchain.watch.violations).toEqual([]);
  expect(await queryD1(env, "SELECT * FROM dead_letters")).toEqual([]);
  expect(await gateway.stop("SIGTERM")).toBe(0);
  expect(processesWith(stateDir)).toEqual([]);
});

/** New pull requests, noted before they are sent. */
function openPulls(pulls: Pull[]): Pull[] {
  const opened = Array.from({ length: PULLS_EACH }, (_, index) => {
    const options = { repo: "acme/widgets", pr: pulls.length + index + 1, now: new Date() };
    return { guid: randomUUID(), body: JSON.stringify(buildPayload("pull_request.opened", options)) };
  });
  pulls.push(...opened);
  return opened;
}

/** What a kill took from the queue, or from the wire: GitHub's redelivery brings it again. */
async function unrecorded(env: Readonly<Record<string, string>>, pulls: readonly Pull[]): Promise<Pull[]> {
  const recorded = new Set((await queryD1(env, "SELECT id FROM deliveries")).map((row) => Object(row).id));
  return pulls.filter(({ guid }) => !recorded.has(guid));
}

async function sendAll(url: string, pulls: readonly Pull[]): Promise<void> {
  for (const { guid, body } of pulls) {
    // Refused connections are part of it.
    await sendDelivery(url, SECRET, { event: "pull_request", body, guid }).catch(() => undefined);
  }
}

/** What the cron does, without waiting for the minute. */
async function beat(url: string): Promise<void> {
  await fetch(
    `${url}/cdn-cgi/local/explorer/api/local/scheduled?worker=webhook-gateway-consumer-development`,
    {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ cron: "* * * * *" }),
    },
  );
}

async function expectInvariants(env: Readonly<Record<string, string>>): Promise<void> {
  const program = startProgram(["invariants"], env);
  await once(program.child, "close");
  expect({ code: program.child.exitCode, printed: program.stdout }).toMatchObject({
    code: 0,
    printed: [expect.stringMatching(/ rules checked, 0 rows break one$/)],
  });
}
