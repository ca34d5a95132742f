import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import type { Scenario } from "../../grainchain/run.ts";
import { resultsOf } from "../../grainchain/scenarios.ts";
import { SECRETS } from "../support/gateway.ts";
import { startSystem } from "../support/system.ts";
import { expectLabels } from "./support/labels.ts";

const OLD = SECRETS.GRAINCHAIN_CALLBACK_SECRET;
const NEW = `new-${randomBytes(18).toString("base64url")}`;
const BOTH = { GRAINCHAIN_CALLBACK_SECRET: NEW, GRAINCHAIN_CALLBACK_SECRET_PREVIOUS: OLD };
/** Validations in each part. */
const EACH = 10;

test("changes the callback secret while validations run, and accepts the callbacks of all of them", async () => {
  const { gateway, grainchain, open, until, expectConsistent } = await startSystem({
    grainchain: { callbackTries: 3 },
  });
  const { sandboxes } = grainchain;
  const end = Promise.withResolvers<void>();
  const scenario: Scenario = async (run) => {
    run.move("running");
    await run.callBack();
    await end.promise;
    if (run.move("completed", resultsOf(true))) await run.callBack();
  };
  grainchain.script.scenario = scenario;
  const running = (repo: string) => until(STANDING, "running", EACH, repo);

  await open("acme/before", EACH);
  await running("acme/before");

  // The producer is changed first and knows both secrets: the consumer still gives out old URLs.
  await gateway.reconfigure(BOTH, {});
  await open("acme/between", EACH);
  await running("acme/between");

  await gateway.reconfigure(BOTH);
  const newFrom = gateway.logs().length;
  await open("acme/after", EACH);
  await running("acme/after");
  await expectLabels(gateway, "callback.accepted", newFrom, { current: EACH });

  // All of them end now, including those that started with the old secret.
  const endFrom = gateway.logs().length;
  end.resolve();
  await sandboxes.ended();
  await until(STANDING, "completed", 3 * EACH, "acme/%");
  expect(sandboxes.callbackAnswers).toEqual(Array(6 * EACH).fill(200));
  await expectLabels(gateway, "callback.accepted", endFrom, { current: EACH, previous: 2 * EACH });
  expect(gateway.logs()).not.toContain("callback.unauthorized");
  const completed = "SELECT count(*) AS n FROM timeline WHERE reason = 'callback completed'";
  expect(await gateway.rows(completed)).toEqual([{ n: 3 * EACH }]);

  // The labels show that nobody uses the old secret any more. It is deleted, and no longer accepted.
  await gateway.reconfigure({ GRAINCHAIN_CALLBACK_SECRET: NEW });
  const [before, , after] = ["acme/before", "acme/between", "acme/after"].map((repo) =>
    [...sandboxes.runs.values()].find(({ request }) => request.project_id === repo),
  );
  await before?.callBack();
  await after?.callBack();
  expect(sandboxes.callbackAnswers.slice(6 * EACH)).toEqual([401, 200]);
  await expectConsistent();
});

const STANDING = `
  SELECT 1 FROM (SELECT count(*) AS n FROM validations WHERE state = ?1 AND repository LIKE ?3) WHERE n = ?2`;
