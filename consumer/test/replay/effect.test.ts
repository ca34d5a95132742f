import { env } from "cloudflare:workers";
import { recountTallies } from "@webhook-gateway/shared/store/tallies.ts";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { cancelDue } from "../../src/dispatch/cancel.ts";
import { countStatements, empty, row } from "../support/database.ts";
import { callback, freshRepository, pullRequest, second } from "../support/facts.ts";
import { createDouble, effectDeps, json } from "../support/grainchain.ts";
import { record, setValidation } from "../support/recording.ts";
import {
  deadLetterOf,
  dispatch,
  expectInvariants,
  idOf,
  order,
  type Repository,
  replay,
  replayOf,
  step,
} from "./support.ts";

beforeEach(empty);
afterEach(expectInvariants);

/** A report that GitHub refused, as its settling leaves it. @returns the validation's id */
async function deadReport(repository: Repository = freshRepository(), number = 1): Promise<string> {
  await record([pullRequest(repository, number)("opened", "a", 1)]);
  const id = idOf(repository, number);
  await env.DB.batch([
    env.DB.prepare(
      "UPDATE reports SET status = 'dead', attempts = 8, error = 'HTTP 422' WHERE validation_id = ?1",
    ).bind(id),
    env.DB.prepare(
      `INSERT INTO dead_letters (id, kind, class, error, attempts, first_at, died_at, repository, validation_id)
       VALUES ('report-' || ?1, 'report', 'refused', 'HTTP 422', 8, ?2, ?2, ?3, ?1)`,
    ).bind(id, second(3600), repository.full_name),
  ]);
  return id;
}

const reportOf = (id: string) => row("SELECT * FROM reports WHERE validation_id = ?1", id);
const cancelOf = (id: string) => row("SELECT * FROM cancels WHERE validation_id = ?1", id);

describe("a dead report that is replayed", () => {
  test("is due again at once, as new", async () => {
    const id = await deadReport();
    const replayId = await replay({ ids: [`report-${id}`] });
    expect(await reportOf(id)).toMatchObject({ status: "due", attempts: 0, due_at: second(4000) });
    expect(await deadLetterOf(`report-${id}`)).toMatchObject({
      status: "replayed",
      outcome: "due again",
      replay_id: replayId,
      closed_at: second(4000),
    });
    expect(await replayOf(replayId)).toMatchObject({ status: "done", replayed: 1, failed: 0 });
  });

  test("is left alone if a newer state made it due meanwhile", async () => {
    const repository = freshRepository();
    const id = await deadReport(repository);
    await record([callback(repository, id, "running", { pr_number: 1 })]);
    const before = await reportOf(id);
    expect(before).toMatchObject({ status: "due" });
    await replay({ ids: [`report-${id}`] });
    expect(await reportOf(id)).toEqual(before);
    expect((await deadLetterOf(`report-${id}`)).outcome).toBe("not sent again: it is due");
  });

  test("of a validation that is gone says so", async () => {
    const repository = freshRepository();
    const id = await deadReport(repository);
    await env.DB.batch(
      [
        "validations WHERE id = ?1",
        "reports WHERE validation_id = ?1",
        "deliveries WHERE validation_id = ?1",
      ].map((rest) => env.DB.prepare(`DELETE FROM ${rest}`).bind(id)),
    );
    await recountTallies(env.DB);
    await replay({ ids: [`report-${id}`] });
    expect((await deadLetterOf(`report-${id}`)).outcome).toBe("not sent again: its validation is gone");
  });
});

describe("a dead cancel that is replayed", () => {
  async function deadCancel(): Promise<string> {
    const repository = freshRepository();
    await record([pullRequest(repository, 1)("opened", "a", 1)]);
    await dispatch();
    const id = idOf(repository, 1);
    await record([pullRequest(repository, 1)("closed", "a", 2)]);
    await cancelDue(
      effectDeps(
        createDouble(() => json({ detail: "no" }, 422)),
        { clock: { nowMs: Date.parse(second(3800)) } },
      ),
    );
    expect(await cancelOf(id)).toMatchObject({ status: "dead" });
    return id;
  }

  test("is sent again, and done", async () => {
    const id = await deadCancel();
    await replay({ ids: [`cancel-${id}`] });
    expect(await cancelOf(id)).toMatchObject({
      status: "due",
      attempts: 0,
      due_at: second(4000),
      done_at: null,
    });
    expect((await deadLetterOf(`cancel-${id}`)).outcome).toBe("due again");
    const double = createDouble(() => json({ success: true, message: "cancelled" }));
    await cancelDue(effectDeps(double, { clock: { nowMs: Date.parse(second(5000)) } }));
    expect(double.calls.map(({ method, path }) => `${method} ${path}`)).toEqual([
      `DELETE /grain-${id}/cancel`,
    ]);
    expect(await cancelOf(id)).toMatchObject({ status: "done" });
  });

  test("that dies again has its dead letter open again", async () => {
    const id = await deadCancel();
    await replay({ ids: [`cancel-${id}`] });
    await cancelDue(
      effectDeps(
        createDouble(() => json({ detail: "no" }, 409)),
        { clock: { nowMs: Date.parse(second(5000)) } },
      ),
    );
    expect(await deadLetterOf(`cancel-${id}`)).toMatchObject({
      status: "open",
      replay_id: null,
      closed_at: null,
      error: expect.stringContaining("409"),
      outcome: "replayed, and dead again",
    });
  });

  test("of one that was replayed and is to be stopped once more is sent with its new id", async () => {
    const id = await deadCancel();
    await env.DB.prepare("UPDATE cancels SET status = 'done' WHERE validation_id = ?1").bind(id).run();
    // As a dead dispatch, replayed and taken by Grainchain under another id.
    await setValidation(id, { state: "running", grainchain_id: "grain-new", finished_at: null });
    await env.DB.batch([
      env.DB.prepare("UPDATE subjects SET state = 'open'"),
      env.DB.prepare(
        "INSERT INTO timeline (validation_id, at, from_state, to_state, reason) VALUES (?1, ?2, 'cancelled', 'dead', 'x'), (?1, ?2, 'dead', 'queued', 'x'), (?1, ?2, 'queued', 'running', 'x')",
      ).bind(id, second(3900)),
      env.DB.prepare(
        `UPDATE validations SET timeline = replace(timeline, '"cancelled"', '"dead"') WHERE id = ?1`,
      ).bind(id),
    ]);
    const { repository } = await row<{ repository: string }>(
      "SELECT repository FROM validations WHERE id = ?1",
      id,
    );
    const { repository_id } = await row<{ repository_id: number }>("SELECT repository_id FROM subjects");
    await record([
      pullRequest({ id: repository_id, full_name: repository, clone_url: "" }, 1)("synchronize", "b", 9),
    ]);
    expect(await cancelOf(id)).toMatchObject({ status: "due", grainchain_id: "grain-new", attempts: 0 });
  });
});

test("a dead letter that was discarded and dies again says that it was discarded", async () => {
  const id = await deadReport();
  const { startReplay } = await import("@webhook-gateway/shared/store/maintain/replays.ts");
  const start = { id: "discard", action: "discard", requestedBy: "ada", reason: null, rate: 0 } as const;
  await startReplay(env.DB, { ...start, scope: { all: true } }, second(4000));
  const { commit } = await import("@webhook-gateway/shared/store/write/commit.ts");
  const deadLetter = {
    id: `report-${id}`,
    kind: "report",
    class: "refused",
    error: "HTTP 410",
    attempts: 1,
    first_at: second(4100),
    repository: null,
    delivery_id: null,
    validation_id: id,
    body: null,
  } as const;
  await commit(env.DB, second(4100), [{ kind: "deadLetter", row: deadLetter }]);
  expect(await deadLetterOf(`report-${id}`)).toMatchObject({
    status: "open",
    error: "HTTP 410",
    replay_id: null,
    outcome: "discarded, and dead again",
  });
});

test("a replay of many effects takes the statements of one", async () => {
  const statements = async (count: number): Promise<number> => {
    await empty();
    const repository = freshRepository();
    for (let number = 1; number <= count; number++) await deadReport(repository, number);
    await order({ all: true });
    const watched = countStatements(env.DB);
    await step({ db: watched.db });
    return watched.statements();
  };
  expect(await statements(1)).toBe(await statements(40));
});
