import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import type { Scenario } from "../../grainchain/run.ts";
import {
  callsBackInReverse,
  contradictsItself,
  failsTests,
  repeatsCallbacks,
  resultsOf,
  succeeds,
  succeedsWithLongOutput,
} from "../../grainchain/scenarios.ts";
import { freshRepository } from "../../system/driver.ts";
import { resultsThere, SECRETS } from "../support/gateway.ts";
import { shared } from "./gateway.ts";

const breaks: Scenario = async (run) => {
  run.move("running");
  if (run.move("failed", { error: "the disk is full" })) await run.callBack();
};

const forgetsItsResults: Scenario = async (run) => {
  run.move("running");
  if (run.move("completed")) await run.callBack();
};

const LONG = resultsOf(true, "x".repeat(200_000));

test.each<[string, Scenario, Record<string, unknown>, unknown]>([
  ["sends each callback once", succeeds, { state: "completed", conclusion: "success" }, resultsOf(true)],
  ["fails its tests", failsTests, { state: "completed", conclusion: "failure" }, resultsOf(false)],
  ["breaks", breaks, { state: "failed", error: "the disk is full" }, { error: "the disk is full" }],
  [
    "sends no results",
    forgetsItsResults,
    { state: "failed", conclusion: null, error: "no results: Grainchain said completed without any" },
    null,
  ],
  ["repeats its callbacks", repeatsCallbacks, { state: "completed", conclusion: "success" }, resultsOf(true)],
  [
    "sends the end before the start",
    callsBackInReverse,
    { state: "completed", conclusion: "success" },
    resultsOf(true),
  ],
  [
    "contradicts itself afterwards",
    contradictsItself,
    { state: "completed", conclusion: "success" },
    resultsOf(true),
  ],
  ["sends 200 KB of results", succeedsWithLongOutput, { state: "completed", conclusion: "success" }, LONG],
])("ends a run that %s once, with its result", async (_, scenario, end, results) => {
  const { gateway, grainchain, open, settle, validationsOf, expectConsistent } = shared();
  const repo = freshRepository();
  grainchain.script.scenario = scenario;
  const answersBefore = grainchain.sandboxes.callbackAnswers.length;

  await open(repo, 3);
  await settle();
  await grainchain.sandboxes.ended();
  const answers = grainchain.sandboxes.callbackAnswers.slice(answersBefore);
  await gateway.waitFor(RECORDED_CALLBACKS, repo, answers.length);

  expect(answers.length).toBeGreaterThanOrEqual(3);
  expect(answers).toEqual(answers.map(() => 200));
  const rows = await validationsOf(repo);
  expect(rows).toMatchObject(Array(3).fill({ ...end, attempts: 1 }));
  for (const { id } of rows) expect(await resultsThere(gateway, String(id))).toEqual(results);
  expect(await gateway.rows("SELECT * FROM callback_results")).toEqual([]);
  await expectConsistent();
});

test("keeps a result that arrives before Grainchain has answered the trigger", async () => {
  const { gateway, grainchain, open, settle, until, validationsOf, expectConsistent } = shared();
  const repo = freshRepository();
  grainchain.script.next.push(async (_call, serve) => {
    const reply = serve();
    await until("SELECT 1 FROM validations WHERE repository = ?1 AND state = 'completed'", repo);
    return reply;
  });

  await open(repo, 1);
  await settle();

  const [row] = await validationsOf(repo);
  expect(row).toMatchObject({ state: "completed", conclusion: "success" });
  // The answer comes after the end, and is in the timeline as well.
  await until(NOTED, String(row?.id), "accepted by Grainchain%");
  expect(await gateway.rows("SELECT * FROM dead_letters WHERE repository = ?1", repo)).toEqual([]);
  await expectConsistent();
});

test("keeps a result that arrives under Grainchain's own id before the gateway knows that id", async () => {
  const { gateway, grainchain, open, settle, until, validationsOf, expectConsistent } = shared();
  const repo = freshRepository();
  grainchain.script.scenario = async (run) => {
    run.move("running");
    run.move("completed", resultsOf(true));
  };
  grainchain.script.next.push(async (call, serve) => {
    const reply = serve();
    const id = String(call.requests[0]?.client_request_id);
    const body = JSON.stringify({
      validation_id: grainchain.sandboxes.runs.get(id)?.id,
      project_id: repo,
      pr_number: 1,
      status: "completed",
      results: resultsOf(false),
    });
    const mac = createHmac("sha256", String(SECRETS.GRAINCHAIN_CALLBACK_SECRET)).update(body).digest("hex");
    const response = await fetch(`${gateway.url}/webhook/status`, {
      method: "POST",
      headers: { "x-grainchain-signature-256": `sha256=${mac}` },
      body,
    });
    expect(response.status).toBe(202);
    await until("SELECT 1 FROM callbacks_unmatched WHERE repository = ?1", repo);
    return reply;
  });

  await open(repo, 1);
  await settle();

  const [row] = await validationsOf(repo);
  expect(row).toMatchObject({ state: "completed", conclusion: "failure", attempts: 1 });
  expect(JSON.parse(String(row?.results))).toEqual(resultsOf(false));
  expect(
    await gateway.rows("SELECT validation_id FROM callbacks_unmatched WHERE matched_at IS NOT NULL"),
  ).toEqual([{ validation_id: row?.id }]);
  await expectConsistent();
});

/** Expects every callback of a repository's validations to be in the timeline. */
const RECORDED_CALLBACKS = `
  SELECT 1 FROM (SELECT count(*) AS n FROM timeline t JOIN validations v ON v.id = t.validation_id
                 WHERE v.repository = ?1 AND t.reason LIKE 'callback %') WHERE n = ?2`;
const NOTED = "SELECT 1 FROM timeline WHERE validation_id = ?1 AND reason LIKE ?2";
