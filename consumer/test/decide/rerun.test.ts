import { env } from "cloudflare:workers";
import { FACT_VERSION, type OperatorCommandFact } from "@webhook-gateway/shared/messages/fact.ts";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { dispatch, expectInvariants } from "../replay/support.ts";
import { empty, rows } from "../support/database.ts";
import { callback, freshRepository, mergeGroup, pullRequest, push, second, sha } from "../support/facts.ts";
import { expectConsistent } from "../support/invariants.ts";
import { record, recordEach, timelineOf, validationOf, validationsOf } from "../support/recording.ts";

const rerun = (validation_id: string): OperatorCommandFact => ({
  v: FACT_VERSION,
  kind: "order",
  id: crypto.randomUUID(),
  received_at: second(900),
  order: "rerun",
  validation_id,
});

type Repository = ReturnType<typeof freshRepository>;

let repository: Repository;

beforeEach(async () => {
  await empty();
  repository = freshRepository();
});
afterEach(async () => {
  await expectInvariants();
  await expectConsistent(repository.id);
});

const idOf = (head = "a", run = 1): string => `${repository.id}-pr-12-${sha(head)}-${run}`;
const opened = () => record([pullRequest(repository)("opened", "a", 1)]);
const told = (status: "running" | "completed" | "failed") => record([callback(repository, idOf(), status)]);

/** How a validation comes to each of its ends. */
const ENDS = {
  completed: () => told("completed"),
  failed: () => told("failed"),
  cancelled: () => record([{ ...rerun(idOf()), order: "cancel" }]),
  dead: () => dispatch(() => true),
} as const;

describe("an operator's re-run", () => {
  test.each(Object.entries(ENDS))("of a validation that is %s runs its head again", async (state, end) => {
    await opened();
    await end();
    const before = await validationOf(idOf());
    expect(before.state).toBe(state);
    const order = rerun(idOf());

    expect(await record([order])).toMatchObject({ verdicts: ["ack"], changed: true });

    expect(await validationOf(idOf())).toEqual(before);
    expect(await validationOf(idOf("a", 2))).toMatchObject({
      state: "queued",
      run: 2,
      lane: 0,
      attempts: 0,
      cause: `order ${order.id}`,
    });
    expect(await timelineOf(idOf("a", 2))).toEqual([
      {
        from_state: null,
        to_state: "queued",
        reason: "queued by operator:operator (re-run)",
        delivery_id: order.id,
        results: null,
      },
    ]);
    expect(await dispatch(undefined, 4000)).toEqual([idOf("a", 2)]);
  });

  test("of what waits takes its place", async () => {
    await opened();
    await record([rerun(idOf())]);
    expect((await validationsOf(repository)).map(({ state }) => state)).toEqual(["superseded", "queued"]);
    expect((await timelineOf(idOf())).at(-1)?.reason).toBe(
      `superseded by another run of ${sha("a").slice(0, 12)}`,
    );
    expect(await rows("SELECT * FROM cancels")).toEqual([]);
  });

  test("of what runs stops it at Grainchain", async () => {
    await opened();
    await dispatch();
    await told("running");
    await record([rerun(idOf())]);
    expect((await validationsOf(repository)).map(({ state }) => state)).toEqual(["superseded", "queued"]);
    expect(await rows("SELECT validation_id, status FROM cancels")).toEqual([
      { validation_id: idOf(), status: "due" },
    ]);
    // Its last word comes too late, and is kept.
    await told("completed");
    expect((await validationOf(idOf())).state).toBe("superseded");
    expect((await timelineOf(idOf())).at(-1)?.reason).toBe("callback completed, after the end");
  });

  test("of an earlier run comes after the latest", async () => {
    await opened();
    await told("completed");
    await record([rerun(idOf())]);
    await record([callback(repository, idOf("a", 2), "completed")]);
    await record([rerun(idOf())]);
    expect((await validationsOf(repository)).map(({ run, state }) => [run, state])).toEqual([
      [1, "completed"],
      [2, "completed"],
      [3, "queued"],
    ]);
  });

  test.each([
    ["a merge group", () => mergeGroup(repository, "checks_requested", "m")],
    ["a push", () => push(repository, "base", "p", 1)],
  ])("of %s is one too", async (_, fact) => {
    await record([fact()]);
    const [first] = await validationsOf(repository);
    await record([rerun(first?.id ?? "")]);
    expect((await validationsOf(repository)).map(({ run, state }) => [run, state])).toEqual([
      [1, "superseded"],
      [2, "queued"],
    ]);
  });
});

describe("an order that comes again", () => {
  test.each([
    ["in one batch", (order: OperatorCommandFact) => record([order, order])],
    ["in batches of its own", (order: OperatorCommandFact) => recordEach([order, order, order])],
  ])("%s runs nothing twice", async (_, send) => {
    await opened();
    await told("completed");
    await send(rerun(idOf()));
    expect((await validationsOf(repository)).map(({ run }) => run)).toEqual([1, 2]);
  });

  test("after its run has ended runs nothing", async () => {
    await opened();
    await told("completed");
    const order = rerun(idOf());
    await record([order]);
    await record([callback(repository, idOf("a", 2), "completed")]);
    await record([order]);
    expect((await validationsOf(repository)).map(({ run }) => run)).toEqual([1, 2]);
  });

  test("that was refused is refused once", async () => {
    await opened();
    await record([pullRequest(repository)("closed", "a", 2)]);
    const order = rerun(idOf());
    await recordEach([order, order]);
    const notes = (await timelineOf(idOf())).filter(({ delivery_id }) => delivery_id === order.id);
    expect(notes).toHaveLength(1);
  });
});

describe("what is not run again has the reason in its timeline", () => {
  const refusals: readonly (readonly [name: string, happen: () => Promise<unknown>, reason: RegExp])[] = [
    [
      "an older head",
      () => record([pullRequest(repository)("synchronize", "b", 2)]),
      /^not run again: superseded by a newer commit \(62000/,
    ],
    [
      "a closed pull request",
      () => record([pullRequest(repository)("closed", "a", 2)]),
      /^not run again: the pull request or branch is closed \(operator:[\w-]+\)$/,
    ],
    [
      "a subject that is gone",
      () => env.DB.prepare("DELETE FROM subjects WHERE repository_id = ?1").bind(repository.id).run(),
      /^not run again: the pull request or branch no longer exists \(operator:[\w-]+\)$/,
    ],
  ];
  test.each(refusals)("%s", async (_, happen, reason) => {
    await opened();
    await told("completed");
    await happen();
    const before = await validationsOf(repository);
    const order = rerun(idOf());
    await record([order]);
    const after = await validationsOf(repository);
    expect(after.map(({ id, state }) => [id, state])).toEqual(before.map(({ id, state }) => [id, state]));
    const last = (await timelineOf(idOf())).at(-1);
    expect(last).toMatchObject({ from_state: "completed", to_state: "completed", delivery_id: order.id });
    expect(last?.reason).toMatch(reason);
  });

  test("a head that a push of the same batch has left behind", async () => {
    await opened();
    await told("completed");
    await record([pullRequest(repository)("synchronize", "b", 2), rerun(idOf())]);
    expect((await validationsOf(repository)).map(({ head_sha, run }) => [head_sha, run])).toEqual([
      [sha("a"), 1],
      [sha("b"), 1],
    ]);
  });

  test("a validation that is gone has none, and nothing happens", async () => {
    expect(await record([rerun("gone")])).toMatchObject({ verdicts: ["ack"], changed: false });
    expect(await rows("SELECT * FROM timeline")).toEqual([]);
  });
});
