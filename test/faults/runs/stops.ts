import { expect, test } from "vitest";
import { answers, type FaultPolicy, serves } from "../../grainchain/fault-policies.ts";
import { runsUntilCancelled, staysSilent, succeeds } from "../../grainchain/scenarios.ts";
import { freshRepository, PAST } from "../../system/driver.ts";
import { CANCELLED, followHeads, NEWER, OLDER, SELECT_CANCEL } from "../support/heads.ts";
import { MAX_ATTEMPTS, shared } from "./gateway.ts";

const { send, runOf, statesOf } = followHeads(shared);

/** A dispatch that hangs until it is released, and accepts its work before or after that. */
function held(when: "accepted first" | "accepted last") {
  const { promise: released, resolve: answer } = Promise.withResolvers<void>();
  const { promise: inProgress, resolve: arrive } = Promise.withResolvers<void>();
  const policy: FaultPolicy = async (_call, serve) => {
    const early = when === "accepted first" ? serve() : undefined;
    arrive();
    await released;
    return early ?? serve();
  };
  return { policy, inProgress, answer };
}

test.each(["accepted first", "accepted last"] as const)(
  "supersedes a head during its dispatch, and cancels it once Grainchain has accepted it (%s)",
  async (when) => {
    const { grainchain, settle, advanceUntil, expectConsistent } = shared();
    const repo = freshRepository();
    const { policy, inProgress, answer } = held(when);
    // Only the answer to the trigger has its id.
    grainchain.script.scenario = async (run) =>
      (run.request.head_sha === OLDER ? staysSilent : succeeds)(run);
    grainchain.script.next.push(policy);
    await send(repo, "opened", OLDER, 0);
    await inProgress;

    await send(repo, "synchronize", NEWER, 1);
    expect((await statesOf(repo))[OLDER]).toBe("superseded");
    answer();
    await advanceUntil("SELECT 1 FROM validations WHERE repository = ?1 AND state = 'completed'", repo);
    await advanceUntil(CANCELLED, repo);
    await settle();

    expect(await statesOf(repo)).toEqual({ [OLDER]: "superseded", [NEWER]: "completed" });
    expect(runOf(repo, OLDER)?.status).toBe("cancelled");
    await expectConsistent();
  },
);

test("never sends a validation that was superseded or closed while the gate was closed", async () => {
  const { gateway, grainchain, settle, closeGate, openGate, expectConsistent } = shared();
  const [pushed, closed] = [freshRepository(), freshRepository()];
  await closeGate();
  await send(pushed, "opened", OLDER, 0);
  await send(closed, "opened", OLDER, 0);
  await send(pushed, "synchronize", NEWER, 1);
  await send(closed, "closed", OLDER, 1);
  const before = grainchain.triggerCalls().length;

  await openGate();
  await settle();

  expect(await statesOf(pushed)).toEqual({ [OLDER]: "superseded", [NEWER]: "completed" });
  expect(await statesOf(closed)).toEqual({ [OLDER]: "cancelled" });
  const asked = grainchain
    .triggerCalls()
    .slice(before)
    .flatMap(({ requests }) => requests);
  expect(asked.map(({ head_sha }) => head_sha)).toEqual([NEWER]);
  expect(await gateway.rows(SELECT_CANCEL, closed)).toEqual([]);
  await expectConsistent();
});

/** Opens a pull request, and closes it during its run while Grainchain answers cancels with a policy. */
async function closeWhileRunning(answer: FaultPolicy) {
  const { gateway, grainchain, until } = shared();
  const repo = freshRepository();
  grainchain.script.scenario = runsUntilCancelled;
  grainchain.script.other = (call, serve) => (call.kind === "cancel" ? answer : serves)(call, serve);
  await send(repo, "opened", OLDER, 0);
  await until("SELECT 1 FROM validations WHERE repository = ?1 AND state = 'running'", repo);
  await send(repo, "closed", OLDER, 1);
  /** Makes the cancel due: its delay of a minute is the subject of other tests. */
  const hurryCancel = async (): Promise<void> => {
    await gateway.rows(`UPDATE cancels SET due_at = '${PAST}' WHERE status = 'due' AND error IS NOT NULL`);
    await gateway.cron();
  };
  return { repo, hurryCancel };
}

test("cancels the run of a closed pull request, and retries that after a failure", async () => {
  const { gateway, grainchain, settle, expectConsistent } = shared();
  const { repo } = await closeWhileRunning(answers(500, "boom"));
  const failed = await gateway.waitFor(`${SELECT_CANCEL} AND c.attempts > 0`, repo);
  expect(failed).toMatchObject({ status: "due", error: "HTTP 500: boom" });

  grainchain.script.other = serves;

  // Nothing is made due: the wake-up retries it.
  const cancel = await gateway.waitFor(CANCELLED, repo);
  expect(cancel.attempts).toBe(Number(failed.attempts) + 1);
  expect(await statesOf(repo)).toEqual({ [OLDER]: "cancelled" });
  expect(runOf(repo, OLDER)?.status).toBe("cancelled");
  await settle();
  await expectConsistent();
});

test("gives up on a cancel that fails every time, with a dead letter", async () => {
  const { gateway, until, validationsOf, expectConsistent } = shared();
  const { repo, hurryCancel } = await closeWhileRunning(answers(500, "boom"));
  for (let attempt = 1; attempt < MAX_ATTEMPTS; attempt++) {
    await until(`${SELECT_CANCEL} AND c.attempts >= ?2`, repo, attempt);
    await hurryCancel();
  }

  expect(await gateway.waitFor(`${SELECT_CANCEL} AND c.status = 'dead'`, repo)).toMatchObject({
    attempts: MAX_ATTEMPTS,
  });
  const [row] = await validationsOf(repo);
  expect(
    await gateway.rows(
      "SELECT kind, class, error, attempts FROM dead_letters WHERE validation_id = ?1",
      String(row?.id),
    ),
  ).toEqual([{ kind: "cancel", class: "retryable", error: "HTTP 500: boom", attempts: MAX_ATTEMPTS }]);
  runOf(repo, OLDER)?.cancel();
  await expectConsistent();
});

test.each<[string, FaultPolicy, RegExp]>([
  ["is full", answers(503), /^HTTP 503$/],
  ["refuses the key", answers(401), /^HTTP 401$/],
])("keeps a cancel without spending attempts while Grainchain %s", async (_, refuses, error) => {
  const { gateway, grainchain, advanceUntil, settle, expectConsistent } = shared();
  const { repo, hurryCancel } = await closeWhileRunning(refuses);
  const asked = () => grainchain.calls.filter(({ kind }) => kind === "cancel").length;
  await gateway.waitFor(`${SELECT_CANCEL} AND c.error IS NOT NULL`, repo);
  for (let round = 0; round < 3; round++) {
    const before = asked();
    await hurryCancel();
    expect(asked()).toBeGreaterThan(before);
    const [cancel] = await gateway.rows(SELECT_CANCEL, repo);
    expect(cancel).toMatchObject({ status: "due", attempts: 0, error: expect.stringMatching(error) });
  }

  grainchain.script.other = serves;
  await hurryCancel();
  await advanceUntil(CANCELLED, repo);
  expect(await gateway.rows(SELECT_CANCEL, repo)).toMatchObject([{ attempts: 1, outcome: "cancelled" }]);
  await settle();
  await expectConsistent();
});

test("treats a cancel as done if Grainchain does not know the validation", async () => {
  const { gateway, expectConsistent } = shared();
  const { repo } = await closeWhileRunning(answers(404));

  const done = await gateway.waitFor(`${SELECT_CANCEL} AND c.status = 'done'`, repo);

  expect(done).toMatchObject({ attempts: 1, outcome: "unknown" });
  runOf(repo, OLDER)?.cancel();
  await expectConsistent();
});
