/** Dispatches that fail once and are retried. */
import { expect } from "vitest";
import type { FaultPolicy } from "../../grainchain/fault-policies.ts";
import { succeedsSilentlyAfter } from "../../grainchain/scenarios.ts";
import { freshRepository } from "../../system/driver.ts";
import type { System } from "./shared-system.ts";

export const PULLS = 4;

/** Makes the first call for some pull requests fail, and expects each of them to be retried. */
export async function expectRetriedAfter(system: System, fault: FaultPolicy, error: RegExp): Promise<void> {
  const { gateway, grainchain, open, closeGate, openGate, until, advanceUntil, settle, expectConsistent } =
    system;
  const repo = freshRepository();
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  grainchain.script.scenario = succeedsSilentlyAfter(released);
  await closeGate();
  await open(repo, PULLS);
  grainchain.script.next.push(fault);

  await openGate();
  await until(FAILED_ONCE, repo, PULLS);

  // Grainchain gets a second request for what it had accepted, and finds it by its key.
  await advanceUntil(ACCEPTED, repo, PULLS);
  release();
  await settle();
  const reasons = await gateway.rows(SELECT_FIRST_REASONS, repo);
  expect(reasons).toHaveLength(PULLS);
  for (const { reason } of reasons) expect(reason).toMatch(error);
  await expectRetried(system, repo);
  expect(await gateway.rows(GATE_STATE)).toEqual([{ state: "open" }]);
  await expectConsistent();
}

/** Each validation failed at least once, and each failure cost it one attempt. */
export async function expectRetried({ gateway }: System, repo: string): Promise<void> {
  const tries = await gateway.rows(SELECT_TRIES, repo);
  expect(tries).toHaveLength(PULLS);
  for (const row of tries) {
    expect(row.failures).toBeGreaterThanOrEqual(1);
    expect(row).toMatchObject({ state: "completed", conclusion: "success", due_left: 0 });
    expect(row.attempts).toBe(Number(row.failures) + Number(row.acceptances));
  }
  expect(await gateway.rows("SELECT * FROM dead_letters WHERE repository = ?1", repo)).toEqual([]);
}

export const GATE_STATE = "SELECT value->>'state' AS state FROM settings WHERE name = 'gate:grainchain'";
export const FAILED_ONCE = `
  SELECT 1 FROM (SELECT count(DISTINCT v.id) AS n FROM validations v JOIN timeline t ON t.validation_id = v.id
                 WHERE v.repository = ?1 AND t.reason LIKE 'retryable: %') WHERE n = ?2`;
const ACCEPTED = `
  SELECT 1 FROM (SELECT count(*) AS n FROM validations WHERE repository = ?1 AND state = 'pending') WHERE n = ?2`;
const SELECT_FIRST_REASONS = `
  SELECT substr(t.reason, 12) AS reason, min(t.at) FROM validations v JOIN timeline t ON t.validation_id = v.id
  WHERE v.repository = ?1 AND t.reason LIKE 'retryable: %' GROUP BY v.id`;
const SELECT_TRIES = `
  SELECT v.state, v.conclusion, v.attempts, v.due_at IS NOT NULL AS due_left,
         sum(t.reason LIKE 'retryable: %') AS failures,
         sum(t.reason LIKE 'accepted by Grainchain%') AS acceptances
  FROM validations v JOIN timeline t ON t.validation_id = v.id WHERE v.repository = ?1 GROUP BY v.id`;
