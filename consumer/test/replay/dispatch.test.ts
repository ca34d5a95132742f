import { env } from "cloudflare:workers";
import { recountTallies } from "@webhook-gateway/shared/store/tallies.ts";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { dispatchDue } from "../../src/dispatch/dispatch.ts";
import { countStatements, empty, rows } from "../support/database.ts";
import { callback, freshRepository, pullRequest, second } from "../support/facts.ts";
import { createDouble, effectDeps, take } from "../support/grainchain.ts";
import { record, setValidation, timelineOf, validationOf } from "../support/recording.ts";
import {
  dead,
  deadLetterIdOf,
  deadLetterOf,
  dispatch,
  expectInvariants,
  idOf,
  order,
  replay,
  replayOf,
  step,
  unrecorded,
} from "./support.ts";

beforeEach(empty);
afterEach(expectInvariants);

describe("a dead dispatch that is replayed", () => {
  test("waits again behind live work, as new and with its history", async () => {
    const [id = ""] = await dead(1);
    const before = await validationOf(id);
    expect(before).toMatchObject({ state: "dead", attempts: 1, error: expect.any(String) });

    const replayId = await replay({ ids: [deadLetterIdOf(id)] });

    expect(await validationOf(id)).toMatchObject({
      state: "queued",
      lane: 1,
      attempts: 0,
      error: null,
      finished_at: null,
      due_at: null,
      conclusion: null,
    });
    expect((await timelineOf(id)).at(-1)).toMatchObject({
      from_state: "dead",
      to_state: "queued",
      reason: `replayed by ${replayId}`,
    });
    expect(await deadLetterOf(deadLetterIdOf(id))).toMatchObject({
      status: "replayed",
      replay_id: replayId,
      outcome: "queued behind live work",
      closed_at: expect.any(String),
    });
    expect(await replayOf(replayId)).toMatchObject({ status: "done", total: 1, replayed: 1, failed: 0 });
    expect(await rows("SELECT state, status FROM reports WHERE validation_id = ?1", id)).toEqual([
      { state: "queued", status: "due" },
    ]);
  });

  test("keeps its id and its idempotency key", async () => {
    const [id = ""] = await dead(1);
    await replay({ ids: [deadLetterIdOf(id)] });
    const double = createDouble((call) => take(call));
    const deps = effectDeps(double, { clock: { nowMs: Date.parse(second(5000)) }, grainchain: {} });
    await dispatchDue({ ...deps, config: { ...deps.config } });
    expect(double.calls.map(({ requests }) => requests.map((one) => one.client_request_id))).toEqual([[id]]);
    const first = createDouble((call) => take(call));
    const other = (await dead(1, freshRepository()))[0] ?? "";
    await replay({ ids: [deadLetterIdOf(other)] }, { at: 6000 });
    await dispatchDue(effectDeps(first, { clock: { nowMs: Date.parse(second(7000)) } }));
    expect(first.calls[0]?.headers.get("idempotency-key")).not.toBe(
      double.calls[0]?.headers.get("idempotency-key"),
    );
    expect((await validationOf(id)).state).toBe("pending");
  });

  test("runs to its end", async () => {
    const repository = freshRepository();
    const [id = ""] = await dead(1, repository);
    await replay({ ids: [deadLetterIdOf(id)] });
    expect(await dispatch(undefined, 5000)).toEqual([id]);
    await record([callback(repository, id, "completed", { pr_number: 1, results: { success: true } })]);
    expect(await validationOf(id)).toMatchObject({ state: "completed", conclusion: "success" });
  });

  test("that dies again has its dead letter open again, and says so", async () => {
    const [id = ""] = await dead(1);
    await replay({ ids: [deadLetterIdOf(id)] });
    await dispatch(() => true, 5000);
    expect(await deadLetterOf(deadLetterIdOf(id))).toMatchObject({
      status: "open",
      replay_id: null,
      closed_at: null,
      outcome: "replayed, and dead again",
    });
    // And may be replayed as often as it takes.
    await replay({ ids: [deadLetterIdOf(id)] }, { at: 6000 });
    expect(await validationOf(id)).toMatchObject({ state: "queued", attempts: 0 });
  });
});

describe("what is replayed", () => {
  test("is what the ids name", async () => {
    const [first = "", second_ = ""] = await dead(2);
    await replay({ ids: [deadLetterIdOf(first), "fact-nothing"] });
    expect((await validationOf(first)).state).toBe("queued");
    expect((await validationOf(second_)).state).toBe("dead");
  });

  test("is what the filter finds", async () => {
    const repository = freshRepository();
    const mine = await dead(3, repository);
    const [other = ""] = await dead(1);
    await replay({
      filter: { repo: repository.full_name.toUpperCase(), event: "pull_request", kind: "dispatch" },
    });
    for (const id of mine) expect((await validationOf(id)).state).toBe("queued");
    expect((await validationOf(other)).state).toBe("dead");
  });

  test("is everything that is open", async () => {
    const repository = freshRepository();
    const ids = await dead(3);
    const deadLetters = await unrecorded([pullRequest(repository, 9)("opened", "a", 1)]);
    await replay({ all: true });
    for (const id of ids) expect((await validationOf(id)).state).toBe("queued");
    expect((await validationOf(idOf(repository, 9))).state).toBe("queued");
    for (const id of deadLetters) expect((await deadLetterOf(id)).status).toBe("replayed");
  });

  test("is nothing if another replay took it before", async () => {
    const [id = ""] = await dead(1);
    const first = await order({ ids: [deadLetterIdOf(id)] });
    const second_ = await order({ ids: [deadLetterIdOf(id)] });
    expect(await replayOf(first)).toMatchObject({ status: "running", total: 1 });
    expect(await replayOf(second_)).toMatchObject({ status: "done", total: 0 });
    expect((await deadLetterOf(deadLetterIdOf(id))).replay_id).toBe(first);
  });
});

describe("what would be wrong by now is not run, and the dead letter says why", () => {
  test.each<
    readonly [
      name: string,
      happen: (repository: ReturnType<typeof freshRepository>) => Promise<unknown>,
      outcome: RegExp,
    ]
  >([
    [
      "a newer head",
      (repository) => record([pullRequest(repository, 1)("synchronize", "b", 2)]),
      /^not run: superseded by a newer commit \(62000/,
    ],
    [
      "a closed pull request",
      (repository) => record([pullRequest(repository, 1)("closed", "a", 2)]),
      /^not run: the pull request or branch is closed$/,
    ],
    [
      "another run that is under way",
      (repository) => record([pullRequest(repository, 1)("edited", "a", 2)]),
      /^not run: \S+-2 is under way$/,
    ],
    [
      "a later run that has ended",
      async (repository) => {
        await record([pullRequest(repository, 1)("edited", "a", 2)]);
        await record([callback(repository, idOf(repository, 1, "a", 2), "completed", { pr_number: 1 })]);
      },
      /^not run: superseded by run 2$/,
    ],
    [
      "a validation that is gone",
      async (repository) => {
        const id = idOf(repository, 1);
        await env.DB.batch(
          ["validations WHERE id", "reports WHERE validation_id"].map((rest) =>
            env.DB.prepare(`DELETE FROM ${rest} = ?1`).bind(id),
          ),
        );
        await env.DB.prepare("DELETE FROM deliveries WHERE repository_id = ?1").bind(repository.id).run();
        await recountTallies(env.DB);
      },
      /^not run: the validation no longer exists$/,
    ],
  ])("%s", async (_, happen, outcome) => {
    const repository = freshRepository();
    const [id = ""] = await dead(1, repository);
    await happen(repository);
    const replayId = await replay({ ids: [deadLetterIdOf(id)] });
    expect(await rows("SELECT state FROM validations WHERE id = ?1 AND state <> 'dead'", id)).toEqual([]);
    const deadLetter = await deadLetterOf(deadLetterIdOf(id));
    expect(deadLetter).toMatchObject({ status: "replayed", replay_id: replayId });
    expect(deadLetter.outcome).toMatch(outcome);
    expect(await replayOf(replayId)).toMatchObject({ status: "done", replayed: 1 });
  });

  test("a validation that is no longer dead", async () => {
    const [id = ""] = await dead(1);
    await setValidation(id, { state: "queued", finished_at: null });
    await env.DB.prepare(
      "INSERT INTO timeline (validation_id, at, from_state, to_state, reason) VALUES (?1, ?2, 'dead', 'queued', 'x')",
    )
      .bind(id, second(3800))
      .run();
    await env.DB.prepare("UPDATE reports SET state = 'queued' WHERE validation_id = ?1").bind(id).run();
    await replay({ ids: [deadLetterIdOf(id)] });
    expect((await deadLetterOf(deadLetterIdOf(id))).outcome).toBe("not run: it is queued");
  });

  test("two dead letters of one subject: the first only", async () => {
    const repository = freshRepository();
    const [first = ""] = await dead(1, repository);
    await record([pullRequest(repository, 1)("edited", "a", 2)]);
    const later = idOf(repository, 1, "a", 2);
    await dispatch(() => true, 3800);
    await replay({ ids: [deadLetterIdOf(first), deadLetterIdOf(later)] });
    expect((await validationOf(first)).state).toBe("dead");
    expect((await validationOf(later)).state).toBe("queued");
  });
});

test("a replay of many dead letters takes the statements of one", async () => {
  const statements = async (count: number): Promise<number> => {
    await empty();
    await dead(count);
    await order({ all: true });
    const watched = countStatements(env.DB);
    await step({ db: watched.db });
    return watched.statements();
  };
  expect(await statements(1)).toBe(await statements(60));
});
