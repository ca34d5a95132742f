import { expect, test } from "vitest";
import { type FaultPolicy, hangs, hangsAfterAccepting, serves } from "../../grainchain/fault-policies.ts";
import { runsUntilCancelled, succeeds } from "../../grainchain/scenarios.ts";
import { freshRepository } from "../../system/driver.ts";
import { CANCELLED, followHeads, NEWER, OLDER } from "../support/heads.ts";
import { expectRetriedAfter } from "../support/retries.ts";
import { shared } from "./gateway.ts";

const { send, runOf, statesOf } = followHeads(shared);

test.each<[string, FaultPolicy]>([
  ["hangs", hangs],
  ["accepts the work and hangs", hangsAfterAccepting],
])("retries every validation if Grainchain %s, and spends one attempt each", async (_, fault) => {
  await expectRetriedAfter(shared(), fault, /^no answer from Grainchain: TimeoutError/);
});

test("cancels a validation that was superseded while its dispatch hung, once it is known to run", async () => {
  const { grainchain, settle, advanceUntil, expectConsistent } = shared();
  const repo = freshRepository();
  const { promise: superseded, resolve: tellNow } = Promise.withResolvers<void>();
  const { promise: inProgress, resolve: arrive } = Promise.withResolvers<void>();
  grainchain.script.scenario = async (run) => {
    if (run.request.head_sha === NEWER) return succeeds(run);
    await superseded;
    return runsUntilCancelled(run);
  };
  grainchain.script.next.push((_call, serve) => {
    serve();
    arrive();
    return "hang";
  });
  await send(repo, "opened", OLDER, 0);
  await inProgress;

  await send(repo, "synchronize", NEWER, 1);
  tellNow();
  await advanceUntil(CANCELLED, repo);
  await settle();

  expect(await statesOf(repo)).toEqual({ [OLDER]: "superseded", [NEWER]: "completed" });
  expect(runOf(repo, OLDER)?.status).toBe("cancelled");
  await expectConsistent();
});

test("never sends a validation again that was superseded while its dispatch hung", async () => {
  const { grainchain, settle, until, expectConsistent } = shared();
  const repo = freshRepository();
  grainchain.script.policy = hangs;
  await send(repo, "opened", OLDER, 0);
  await until("SELECT 1 FROM validations WHERE repository = ?1 AND state = 'dispatching'", repo);

  await send(repo, "synchronize", NEWER, 1);
  const before = grainchain.triggerCalls().length;
  grainchain.script.policy = serves;
  await settle();

  expect(await statesOf(repo)).toEqual({ [OLDER]: "superseded", [NEWER]: "completed" });
  const asked = grainchain
    .triggerCalls()
    .slice(before)
    .flatMap(({ requests }) => requests);
  expect(new Set(asked.map(({ head_sha }) => head_sha))).toEqual(new Set([NEWER]));
  expect(runOf(repo, OLDER)).toBeUndefined();
  await expectConsistent();
});
