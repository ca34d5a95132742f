import { expect, test } from "vitest";
import { answers, type FaultPolicy, serves } from "../../grainchain/fault-policies.ts";
import type { Scenario } from "../../grainchain/run.ts";
import { losesCallbacks, resultsOf, runsUntilCancelled, staysSilent } from "../../grainchain/scenarios.ts";
import { eventually } from "../../system/activity.ts";
import { freshRepository, PAST } from "../../system/driver.ts";
import { resultsThere } from "../support/gateway.ts";
import { shared } from "./gateway.ts";

/** Makes runs silent for longer than the watchdog waits (its own time and 60 s), and fires the cron. */
async function watchSilent(repo: string): Promise<void> {
  await shared().gateway.rows(
    `UPDATE validations SET heard_at = '${PAST}', watch_from = '${PAST}', watch_until = NULL
     WHERE repository = ?1 AND state IN ('pending', 'running')`,
    repo,
  );
  await shared().gateway.cron();
}

/** Opens pull requests, and waits until the gateway knows that Grainchain has accepted them. */
async function openAtGrainchain(
  scenario: Scenario,
  state: "pending" | "running",
  count = 1,
): Promise<string> {
  const { grainchain, open, until } = shared();
  const repo = freshRepository();
  grainchain.script.scenario = scenario;
  await open(repo, count);
  await until(IN_STATE, repo, state, count);
  return repo;
}

const voiceless =
  (status: "completed" | "failed" | "cancelled", results: unknown): Scenario =>
  async (run) => {
    run.move("running");
    run.move(status, results);
  };
const LONG = resultsOf(true, "x".repeat(200_000));

test.each<[string, Scenario, Record<string, unknown>, unknown]>([
  ["success", losesCallbacks, { state: "completed", conclusion: "success" }, resultsOf(true)],
  [
    "verdict",
    voiceless("completed", resultsOf(false)),
    { state: "completed", conclusion: "failure" },
    resultsOf(false),
  ],
  ["200 KB of results", voiceless("completed", LONG), { state: "completed", conclusion: "success" }, LONG],
  [
    "break-down",
    voiceless("failed", { error: "no disk" }),
    { state: "failed", error: "no disk" },
    { error: "no disk" },
  ],
  ["cancellation", voiceless("cancelled", null), { state: "cancelled", conclusion: null }, null],
])("finds a %s whose callbacks were lost", async (_, scenario, end, results) => {
  const { gateway, validationsOf, settle, expectConsistent } = shared();
  const repo = await openAtGrainchain(scenario, "pending", 8);

  await watchSilent(repo);

  const rows = await validationsOf(repo);
  expect(rows).toMatchObject(Array(8).fill({ ...end, attempts: 1 }));
  for (const { id } of rows) expect(await resultsThere(gateway, String(id))).toEqual(results);
  expect(await gateway.rows("SELECT * FROM callback_results")).toEqual([]);
  await settle();
  await expectConsistent();
});

test("does not ask about runs that called back recently", async () => {
  const { gateway, grainchain, validationsOf } = shared();
  const repo = await openAtGrainchain(staysSilent, "pending");
  const before = grainchain.calls.length;

  await gateway.cron();

  expect(grainchain.calls.slice(before).filter(({ kind }) => kind === "status")).toEqual([]);
  expect(await validationsOf(repo)).toMatchObject([{ state: "pending" }]);
  await endAll(repo);
});

test("leaves a run alone that is still running, and waits again", async () => {
  const { grainchain, validationsOf } = shared();
  const repo = await openAtGrainchain(runsUntilCancelled, "running");
  const before = grainchain.calls.length;
  const questions = () => grainchain.calls.slice(before).filter(({ kind }) => kind === "status");

  // Its callback may still arrive, and would count as a sign of life.
  await eventually("a question", async () => {
    await watchSilent(repo);
    return questions().length > 0;
  });

  expect(questions()).toHaveLength(1);
  const [row] = await validationsOf(repo);
  expect(row).toMatchObject({ state: "running" });
  expect(String(row?.heard_at) > "2020").toBe(true);
  await endAll(repo);
});

test.each<[string, FaultPolicy]>([
  ["500", answers(500)],
  ["401", answers(401)],
  ["garbage", answers(200, "<html>")],
])("keeps a run if Grainchain answers %s, and asks again", async (_, other) => {
  const { grainchain, settle, validationsOf, expectConsistent } = shared();
  const repo = await openAtGrainchain(losesCallbacks, "pending");
  grainchain.script.other = other;
  await watchSilent(repo);
  expect(await validationsOf(repo)).toMatchObject([{ state: "pending" }]);

  grainchain.script.other = serves;
  await watchSilent(repo);

  expect(await validationsOf(repo)).toMatchObject([{ state: "completed", conclusion: "success" }]);
  await settle();
  await expectConsistent();
});

test("dispatches a run once more that Grainchain no longer knows, and times it out then", async () => {
  const { gateway, grainchain, until, settle, validationsOf, expectConsistent } = shared();
  const repo = await openAtGrainchain(staysSilent, "pending");
  grainchain.script.other = (call, serve) =>
    call.kind === "status" ? { status: 404, body: '{"detail":"Validation not found"}' } : serve();

  await watchSilent(repo);
  await gateway.cron();
  await until(IN_STATE, repo, "pending", 1);
  await watchSilent(repo);

  expect(await validationsOf(repo)).toMatchObject([{ state: "timed_out", conclusion: null, attempts: 2 }]);
  stopRunsOf(repo);
  await settle();
  await expectConsistent();
});

test("times out a run that takes too long, and cancels it", async () => {
  const { gateway, grainchain, settle, validationsOf, expectConsistent } = shared();
  const repo = await openAtGrainchain(runsUntilCancelled, "running");
  // Twice VALIDATION_MAX_AGE_SECONDS, which is 6 hours, have passed.
  await gateway.rows(
    "UPDATE validations SET created_at = ?2, dispatched_at = ?2 WHERE repository = ?1",
    repo,
    new Date(Date.now() - 43_200_000).toISOString(),
  );

  await watchSilent(repo);
  await settle();

  const [row] = await validationsOf(repo);
  expect(row).toMatchObject({ state: "timed_out" });
  expect(grainchain.sandboxes.runs.get(String(row?.id))?.status).toBe("cancelled");
  expect(
    await gateway.rows("SELECT status, outcome FROM cancels WHERE validation_id = ?1", String(row?.id)),
  ).toEqual([{ status: "done", outcome: "cancelled" }]);
  await expectConsistent();
});

test("records a result that arrives after the time-out in the timeline, and changes nothing", async () => {
  const { gateway, grainchain, until, settle, validationsOf, expectConsistent } = shared();
  const repo = await openAtGrainchain(staysSilent, "pending");
  await gateway.rows("UPDATE validations SET resendable = 0 WHERE repository = ?1", repo);
  grainchain.script.other = answers(404);
  await watchSilent(repo);
  const [row] = await validationsOf(repo);
  const run = grainchain.sandboxes.runs.get(String(row?.id));

  await run?.callBack("completed", resultsOf(true));

  await until("SELECT 1 FROM timeline WHERE validation_id = ?1 AND results IS NOT NULL", String(row?.id));
  expect(await validationsOf(repo)).toMatchObject([{ state: "timed_out", conclusion: null, results: null }]);
  stopRunsOf(repo);
  await settle();
  await expectConsistent();
});

/** Ends the runs of a repository at the double. */
function stopRunsOf(repo: string): void {
  for (const run of shared().grainchain.sandboxes.runs.values()) {
    if (run.request.project_id === repo) run.cancel();
  }
}

/** Ends the runs that a test leaves behind. */
async function endAll(repo: string): Promise<void> {
  stopRunsOf(repo);
  await watchSilent(repo);
  await shared().settle();
  await shared().expectConsistent();
}

const IN_STATE = `
  SELECT 1 FROM (SELECT count(*) AS n FROM validations WHERE repository = ?1 AND state = ?2) WHERE n = ?3`;
