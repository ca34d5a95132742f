import { expect, test } from "vitest";
import { succeedsAfter } from "../../grainchain/scenarios.ts";
import { amount } from "../../support/amount.ts";
import { freshRepository } from "../../system/driver.ts";
import { MAX_CONCURRENT, shared } from "./gateway.ts";

const WAITING = amount(60, 600);

test(`never has more in flight than allowed, over ${WAITING} validations`, async () => {
  const { gateway, grainchain, open, closeGate, openGate, until, settle, validationsOf, expectConsistent } =
    shared();
  const repo = freshRepository();
  const { promise: released, resolve: finish } = Promise.withResolvers<void>();
  grainchain.sandboxes.maxInFlight = 0;
  grainchain.script.scenario = succeedsAfter(released);
  await closeGate();
  await open(repo, WAITING);

  await openGate();
  await until(RUNNING, repo, MAX_CONCURRENT);
  await gateway.cron();
  expect(grainchain.sandboxes.inFlight).toBe(MAX_CONCURRENT);
  finish();
  await settle();

  expect(grainchain.sandboxes.maxInFlight).toBe(MAX_CONCURRENT);
  const sizes = grainchain.triggerCalls().map(({ requests }) => requests.length);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(MAX_CONCURRENT);
  expect(await validationsOf(repo)).toMatchObject(Array(WAITING).fill({ state: "completed", attempts: 1 }));
  await expectConsistent();
});

const RUNNING = `
  SELECT 1 FROM (SELECT count(*) AS n FROM validations WHERE repository = ?1 AND state = 'running') WHERE n = ?2`;
