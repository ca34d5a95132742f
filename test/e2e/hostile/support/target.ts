/** One gateway for all attacks of a file, and the checks that it still works after them. */
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect } from "vitest";
import { type GrainchainDouble, startDouble } from "../../../grainchain/server.ts";
import { cleanUpAfterFile } from "../../../system/file-end.ts";
import { expectInvariants } from "../../../system/invariants.ts";
import { type Gateway, startGateway } from "../../support/gateway.ts";
import { leaksOf, problemsOf } from "./answer-checks.ts";
import { type Answer, type Attack, sendAttack } from "./attack.ts";
import type { Tally } from "./budget.ts";
import { eventReporter, expectEventsEnded } from "./event-checks.ts";

export interface Target {
  readonly gateway: Gateway;
  readonly grainchain: GrainchainDouble;
  /** Sends an attack, checks the answer, and counts it. */
  attack(attack: Attack, expected?: readonly number[]): Promise<Answer>;
}

/** @returns the target, once the tests run */
export function shareTarget(tally: Tally): () => Target {
  const whenDone = cleanUpAfterFile();
  let target: Target | undefined;
  beforeAll(async () => {
    const grainchain = await startDouble({ whenDone });
    const gateway = await startGateway(
      grainchain.url,
      { WEBHOOK_DEBUG_MODE: "true" },
      whenDone,
      eventReporter,
    );
    const attack = async (given: Attack, expected?: readonly number[]): Promise<Answer> => {
      const answer = await sendAttack(gateway.url, given);
      tally.count(answer.status);
      expect(problemsOf(given, answer)).toEqual([]);
      if (expected !== undefined) expect(expected, answer.text).toContain(answer.status);
      return answer;
    };
    target = { gateway, grainchain, attack };
  });
  afterAll(() => tally.print());
  return () => {
    if (target === undefined) throw new Error("the target is not started yet");
    return target;
  };
}

/**
 * Expects that the gateway still works: it answers, records signed deliveries, and has lost and invented nothing.
 * @param recorded the ids of all deliveries that were answered as recorded
 */
export async function expectHealthy(
  { gateway, grainchain }: Target,
  recorded: ReadonlySet<string>,
): Promise<void> {
  const health = await fetch(`${gateway.url}/health`);
  expect(health.status).toBe(200);
  expect(await health.json()).toMatchObject({
    checks: { database: { status: "ok" }, queue: { status: "ok" } },
  });

  const guid = randomUUID();
  const sent = [
    await gateway.send("pull_request.opened", { guid }),
    await gateway.send("pull_request.opened", { guid }),
  ];
  expect(sent.map(({ status }) => status)).toEqual([202, 202]);
  const all = new Set([...recorded, guid]);
  await gateway.waitFor(KEPT, JSON.stringify([...all]), all.size);
  const rows = await gateway.rows("SELECT id FROM deliveries");
  // Other content under a known GUID has a row of its own, with its fingerprint.
  const guidOf = (id: unknown) => String(id).split("~")[0] ?? "";
  expect(rows.filter(({ id }) => !all.has(guidOf(id)))).toEqual([]);

  await expectInvariants(gateway);
  await expectEventsEnded(gateway);
  expect(grainchain.checks.violations).toEqual([]);
  // The local runtime prints lines of its own between those of the Workers.
  const lines = gateway
    .logs()
    .split("\n")
    .filter((line) => line.startsWith("{"));
  expect(lines.filter((line) => line.includes('"delivery.accepted"')).length).toBeGreaterThan(0);
  expect(lines.filter((line) => line.includes('"level":"error"'))).toEqual([]);
  expect(lines.filter((line) => leaksOf(line).length > 0)).toEqual([]);
}

/** Each delivery is a row of its own, or a dead letter that an operator sees. */
const KEPT = `
  SELECT 1 FROM (
    SELECT count(DISTINCT id) AS n FROM (
      SELECT id FROM deliveries UNION ALL SELECT delivery_id FROM dead_letters WHERE kind = 'fact'
    ) WHERE id IN (SELECT value FROM json_each(?1))
  ) WHERE n = ?2`;
