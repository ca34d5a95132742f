import { expect, test } from "vitest";
import { runsOn, saysNothing, succeeds } from "./support/courses.ts";
import { answers, type Behaviour, hangs, serves } from "./support/faults.ts";
import type { Run } from "./support/sandbox.ts";
import { freshRepository, PAST, shareSystem } from "./support/system.ts";

const shared = shareSystem({ vars: { GRAINCHAIN_REQUEST_TIMEOUT_MS: "2000", DISPATCH_MAX_ATTEMPTS: "3" } });

const OLDER = "a".repeat(40);
const NEWER = "b".repeat(40);

/** Sends an event of pull request 1, `second` seconds into its life, and waits until it is recorded. */
async function send(repo: string, action: string, head: string, second: number): Promise<void> {
  const { gateway } = shared();
  const now = new Date(Date.UTC(2026, 0, 1, 0, 0, second));
  const { guid } = await gateway.send(`pull_request.${action}`, { repo, pr: 1, head, now });
  await gateway.waitFor("SELECT 1 FROM deliveries WHERE id = ?1", guid);
}

/** The run of a head at the double, if it has one. */
const runOf = (repo: string, head: string): Run | undefined =>
  [...shared().grainchain.sandboxes.runs.values()].find(
    ({ request }) => request.project_id === repo && request.head_sha === head,
  );

const statesOf = async (repo: string): Promise<Record<string, unknown>> =>
  Object.fromEntries((await shared().validationsOf(repo)).map((row) => [row.head_sha, row.state]));

/** A dispatch that is under way until it is let go, having taken its work at the beginning or at the end. */
function held(when: "taken first" | "taken last") {
  const { promise: letGo, resolve: answer } = Promise.withResolvers<void>();
  const { promise: underWay, resolve: arrive } = Promise.withResolvers<void>();
  const behaviour: Behaviour = async (_call, serve) => {
    const early = when === "taken first" ? serve() : undefined;
    arrive();
    await letGo;
    return early ?? serve();
  };
  return { behaviour, underWay, answer };
}

test.each(["taken first", "taken last"] as const)(
  "supersedes a head while its dispatch is under way, and cancels it once Grainchain says that it has it (%s)",
  async (when) => {
    const { grainchain, settle, hurryUntil, expectSound } = shared();
    const repo = freshRepository();
    const { behaviour, underWay, answer } = held(when);
    // Nothing but the trigger's answer tells its id.
    grainchain.script.course = async (run) => (run.request.head_sha === OLDER ? saysNothing : succeeds)(run);
    grainchain.script.next.push(behaviour);
    await send(repo, "opened", OLDER, 0);
    await underWay;

    await send(repo, "synchronize", NEWER, 1);
    expect((await statesOf(repo))[OLDER]).toBe("superseded");
    answer();
    await hurryUntil("SELECT 1 FROM validations WHERE repository = ?1 AND state = 'completed'", repo);
    await hurryUntil(CANCELLED, repo);
    await settle();

    expect(await statesOf(repo)).toEqual({ [OLDER]: "superseded", [NEWER]: "completed" });
    expect(runOf(repo, OLDER)?.status).toBe("cancelled");
    await expectSound();
  },
);

test("cancels what was superseded while its dispatch hung, once Grainchain says that it runs", async () => {
  const { grainchain, settle, hurryUntil, expectSound } = shared();
  const repo = freshRepository();
  const { promise: superseded, resolve: tellNow } = Promise.withResolvers<void>();
  const { promise: underWay, resolve: arrive } = Promise.withResolvers<void>();
  grainchain.script.course = async (run) => {
    if (run.request.head_sha === NEWER) return succeeds(run);
    await superseded;
    return runsOn(run);
  };
  grainchain.script.next.push((_call, serve) => {
    serve();
    arrive();
    return "hang";
  });
  await send(repo, "opened", OLDER, 0);
  await underWay;

  await send(repo, "synchronize", NEWER, 1);
  tellNow();
  await hurryUntil(CANCELLED, repo);
  await settle();

  expect(await statesOf(repo)).toEqual({ [OLDER]: "superseded", [NEWER]: "completed" });
  expect(runOf(repo, OLDER)?.status).toBe("cancelled");
  await expectSound();
});

test("never sends again what was superseded while its dispatch hung in vain", async () => {
  const { grainchain, settle, until, expectSound } = shared();
  const repo = freshRepository();
  grainchain.script.weather = hangs;
  await send(repo, "opened", OLDER, 0);
  await until("SELECT 1 FROM validations WHERE repository = ?1 AND state = 'dispatching'", repo);

  await send(repo, "synchronize", NEWER, 1);
  const before = grainchain.triggerCalls().length;
  grainchain.script.weather = serves;
  await settle();

  expect(await statesOf(repo)).toEqual({ [OLDER]: "superseded", [NEWER]: "completed" });
  const asked = grainchain
    .triggerCalls()
    .slice(before)
    .flatMap(({ requests }) => requests);
  expect(asked.map(({ head_sha }) => head_sha)).toEqual([NEWER]);
  expect(runOf(repo, OLDER)).toBeUndefined();
  await expectSound();
});

test("never sends what was superseded or closed while the gate was closed", async () => {
  const { gateway, grainchain, settle, closeGate, openGate, expectSound } = shared();
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
  await expectSound();
});

/** Opens a pull request whose run goes on, closes it, and gives what became of the cancel. */
async function closeWhileRunning(...other: readonly Behaviour[]) {
  const { gateway, grainchain, until } = shared();
  const repo = freshRepository();
  const left = [...other];
  grainchain.script.course = runsOn;
  grainchain.script.other = (call, serve) =>
    ((call.kind === "cancel" ? left.shift() : undefined) ?? serves)(call, serve);
  await send(repo, "opened", OLDER, 0);
  await until("SELECT 1 FROM validations WHERE repository = ?1 AND state = 'running'", repo);
  await send(repo, "closed", OLDER, 1);
  const cancel = async () => (await gateway.rows(SELECT_CANCEL, repo))[0];
  /** Makes the cancel due: a minute of delay is the subject of other tests. */
  const hurryCancel = async (): Promise<void> => {
    await gateway.rows(`UPDATE cancels SET due_at = '${PAST}' WHERE status = 'due' AND error IS NOT NULL`);
    await gateway.cron();
  };
  return { repo, cancel, hurryCancel };
}

test("cancels what runs for a closed pull request, again after a failure, by itself", async () => {
  const { until, settle, expectSound } = shared();
  const { repo, cancel } = await closeWhileRunning(answers(500, "boom"));
  await until(`${SELECT_CANCEL} AND c.attempts = 1`, repo);
  expect(await cancel()).toMatchObject({ status: "due", error: "HTTP 500: boom" });

  // Nothing is hurried: the wake-up does it.
  await until(CANCELLED, repo);

  expect(await statesOf(repo)).toEqual({ [OLDER]: "cancelled" });
  expect(await cancel()).toMatchObject({ status: "done", attempts: 2, outcome: "cancelled" });
  expect(runOf(repo, OLDER)?.status).toBe("cancelled");
  await settle();
  await expectSound();
});

test("gives a cancel up that fails every time, with a dead letter", async () => {
  const { gateway, hurryUntil, expectSound } = shared();
  const { repo, cancel, hurryCancel } = await closeWhileRunning(...Array(3).fill(answers(500, "boom")));
  for (let attempt = 1; attempt < 3; attempt++) {
    await hurryUntil(`${SELECT_CANCEL} AND c.attempts = ?2`, repo, attempt);
    await hurryCancel();
  }
  await hurryUntil(`${SELECT_CANCEL} AND c.status = 'dead'`, repo);

  expect(await cancel()).toMatchObject({ attempts: 3 });
  const [row] = await shared().validationsOf(repo);
  expect(
    await gateway.rows(
      "SELECT kind, class, error, attempts FROM dead_letters WHERE validation_id = ?1",
      String(row?.id),
    ),
  ).toEqual([{ kind: "cancel", class: "retryable", error: "HTTP 500: boom", attempts: 3 }]);
  runOf(repo, OLDER)?.cancel();
  await expectSound();
});

test.each<[string, Behaviour]>([
  ["is full", answers(503)],
  ["refuses the key", answers(401)],
])("keeps a cancel, at no cost, while Grainchain %s", async (_, refuses) => {
  const { hurryUntil, until, settle, expectSound } = shared();
  const { repo, cancel, hurryCancel } = await closeWhileRunning(...Array(4).fill(refuses));
  for (let round = 0; round < 4; round++) {
    await until(`${SELECT_CANCEL} AND c.error IS NOT NULL`, repo);
    expect(await cancel()).toMatchObject({ status: "due", attempts: 0 });
    await hurryCancel();
  }
  await hurryUntil(CANCELLED, repo);
  expect(await cancel()).toMatchObject({ attempts: 1, outcome: "cancelled" });
  await settle();
  await expectSound();
});

test("takes a cancel as done where Grainchain does not know the validation", async () => {
  const { until, expectSound } = shared();
  const { repo, cancel } = await closeWhileRunning(answers(404));

  await until(`${SELECT_CANCEL} AND c.status = 'done'`, repo);

  expect(await cancel()).toMatchObject({ attempts: 1, outcome: "unknown" });
  runOf(repo, OLDER)?.cancel();
  await expectSound();
});

const SELECT_CANCEL = `
  SELECT c.* FROM cancels c JOIN validations v ON v.id = c.validation_id WHERE v.repository = ?1`;
const CANCELLED = `${SELECT_CANCEL} AND c.status = 'done' AND c.outcome = 'cancelled'`;
