/** The stream of events while workerd is killed: nothing is missing, the order is kept, and ids stay the same. */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { Webhook } from "standardwebhooks";
import { expect, onTestFinished, test } from "vitest";
import { startDouble } from "../grainchain/server.ts";
import { Activity, eventually } from "../system/activity.ts";
import { PAST } from "../system/driver.ts";
import { expectInvariants } from "../system/invariants.ts";
import { PUBLIC_URL, startGateway } from "./support/gateway.ts";
import { type Point, type Steps, startSteps } from "./support/steps.ts";

const SECRET = `whsec_${Buffer.from("the secret of a sink in a test").toString("base64")}`;

/** An event is on its way, is taken but not answered, or is answered but not settled. */
const POINTS: readonly Point[] = [
  { step: /^before the sink takes one/, nth: 2 },
  { step: /^after the sink has taken one/, nth: 4 },
  { step: /^before work transaction/, nth: 6 },
];
const PULLS_EACH = 2;

interface Taken {
  readonly id: string;
  readonly subject: string;
  readonly sequence: string;
}

/** A sink that reports before and after it takes an event. */
async function startSink(steps: Steps, whenDone: (end: () => Promise<void>) => void) {
  const taken: Taken[] = [];
  const webhook = new Webhook(SECRET);
  const server = createServer((request, response) => {
    void text(request).then(async (body) => {
      const headers = { ...request.headers } as Record<string, string>;
      const event = webhook.verify(body, headers) as Taken;
      if (!(await steps.pass("before the sink takes one"))) return response.destroy();
      taken.push(event);
      return (await steps.pass("after the sink has taken one"))
        ? response.writeHead(204).end()
        : response.destroy();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  whenDone(async () => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return { taken, url: `http://127.0.0.1:${address.port}/` };
}

test("everything arrives in order wherever workerd is killed", async () => {
  const ends: (() => Promise<void>)[] = [];
  const whenDone = (end: () => Promise<void>) => void ends.unshift(end);
  const stateDir = mkdtempSync(path.join(tmpdir(), "webhook-gateway-events-"));
  onTestFinished(async () => {
    for (const end of ends) await end();
    rmSync(stateDir, { recursive: true, force: true });
  });
  const steps = await startSteps(whenDone);
  const sink = await startSink(steps, whenDone);
  const activity = new Activity();
  const grainchain = await startDouble({ whenDone, activity });
  const gateway = await startGateway({
    grainchainUrl: grainchain.url,
    vars: { EVENTS_SINK_URL: sink.url, EVENTS_SINK_SECRET: SECRET },
    activity,
    stateDir,
    entry: steps.entry,
    whenDone,
  });
  grainchain.sandboxes.redirectCallbacks(PUBLIC_URL, gateway.url);
  const { rows } = gateway;
  let pulls = 0;
  const open = () => {
    const numbers = Array.from({ length: PULLS_EACH }, () => ++pulls);
    return Promise.allSettled(
      numbers.map((pr) =>
        gateway.send("pull_request.opened", {
          repo: "acme/widgets",
          pr,
          guid: randomUUID(),
          now: new Date(),
        }),
      ),
    );
  };
  /** Ends leases and backoffs that last minutes. */
  const passTime = async () => {
    await rows(`UPDATE outgoing_events SET due_at = ''`);
    await rows(`UPDATE validations SET lease_until = '${PAST}' WHERE lease_until IS NOT NULL`);
    await rows(`UPDATE validations SET heard_at = '${PAST}' WHERE state IN ('pending', 'running')`);
    await rows("DELETE FROM settings WHERE name LIKE 'gate:%'");
  };

  for (const point of POINTS) {
    const reached = steps.holdAt(point);
    await open();
    await reached;
    await gateway.kill();
    steps.end();
    await passTime();
  }
  await open();
  await eventually("everything has ended and was sent", async () => {
    await passTime();
    await gateway.cron();
    const [left] = await rows(
      `SELECT (SELECT count(*) FROM outgoing_events)
              + (SELECT count(*) FROM validations WHERE finished_at IS NULL) AS n`,
    );
    return left?.n === 0;
  });

  const moves = await rows(
    "SELECT validation_id AS id, count(*) AS n FROM timeline WHERE from_state IS NOT to_state GROUP BY 1",
  );
  expect(moves.length).toBeGreaterThanOrEqual(PULLS_EACH);
  for (const { id, n } of moves) {
    const own = sink.taken.filter(({ subject }) => subject === id);
    const first = [...new Map(own.map((one) => [one.id, one])).values()];
    expect([id, first.length]).toEqual([id, n]);
    expect(first.map(({ sequence }) => sequence)).toEqual(first.map(({ sequence }) => sequence).toSorted());
  }
  expect(await rows("SELECT * FROM dead_letters")).toEqual([]);
  await expectInvariants(gateway);
});
