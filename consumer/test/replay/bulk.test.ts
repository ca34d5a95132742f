import { env } from "cloudflare:workers";
import type { BulkAction, ValidationScope } from "@webhook-gateway/shared/api/validation-scope.ts";
import { previewBulk, startBulk } from "@webhook-gateway/shared/store/maintain/bulk.ts";
import { firstSeqOf } from "@webhook-gateway/shared/store/sql/seq.ts";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { runBulkCommands } from "../../src/recover/bulk.ts";
import { count, empty, faulty, rows } from "../support/database.ts";
import { callback, freshRepository, pullRequest, second } from "../support/facts.ts";
import { queued } from "../support/queued.ts";
import { record, timelineOf, validationOf } from "../support/recording.ts";
import {
  cancel,
  dead,
  dispatch,
  expectInvariants,
  idOf,
  type ReplayOptions,
  type Repository,
  replayDeps,
  replayOf,
  START,
} from "./support.ts";

beforeEach(empty);
afterEach(expectInvariants);

async function start(action: BulkAction, scope: ValidationScope, rate = 6000): Promise<string> {
  const id = crypto.randomUUID();
  const { total } = await previewBulk(env.DB, action, scope);
  const command = { id, action, requestedBy: "operator:ada", reason: null, scope, rate };
  await startBulk(env.DB, command, total, second(START));
  return id;
}

const step = (options: ReplayOptions = {}) => runBulkCommands(replayDeps(options));

/** Takes steps, one every ten minutes, until it has ended. */
async function workOff(id: string) {
  for (let at = START; at < START + 36_000; at += 600) {
    await step({ at });
    const item = await replayOf(id);
    if (item?.status !== "running") return item;
  }
  throw new Error("the command has no end");
}

const failed = async (repository: Repository, ...numbers: readonly number[]) => {
  await record(numbers.map((number) => pullRequest(repository, number)("opened", "a", 1)));
  await record(numbers.map((number) => callback(repository, idOf(repository, number), "failed")));
};

describe("a bulk re-run", () => {
  test("runs what matches again, once, behind live work", async () => {
    const [repository, other] = [freshRepository(), freshRepository()];
    await failed(repository, 1, 2, 3);
    await failed(other, 1);
    const ids = [1, 2, 3].map((number) => idOf(repository, number));
    const names = await rows<{ name: string }>(
      "SELECT DISTINCT repository AS name FROM validations WHERE repository_id = ?1",
      repository.id,
    );
    const id = await start("rerun", { filter: { repo: names[0]?.name, state: "failed,dead" } });
    expect(await replayOf(id)).toMatchObject({ action: "rerun", total: 3, replayed: 0, status: "running" });

    expect(await workOff(id)).toMatchObject({ total: 3, replayed: 3, failed: 0, status: "done" });

    for (const number of [1, 2, 3]) {
      expect(await validationOf(idOf(repository, number, "a", 2))).toMatchObject({
        ...{ state: "queued", lane: 1, cause: `order ${id}` },
      });
    }
    expect(await count("SELECT count(*) FROM validations")).toBe(7);
    expect((await timelineOf(idOf(repository, 1, "a", 2)))[0]?.reason).toBe(
      `queued by operator:ada (rerun ${id})`,
    );
    expect(await rows("SELECT id, action, target FROM operator_actions")).toEqual([
      { id, action: "rerun", target: id },
    ]);
    await record([pullRequest(other, 2)("opened", "a", 1)]);
    expect((await dispatch())[0]).toBe(idOf(other, 2));
    expect(ids).toHaveLength(3);
  });

  test("leaves alone what another run or head took the place of, and says why", async () => {
    const repository = freshRepository();
    await failed(repository, 1, 2, 3);
    await record([pullRequest(repository, 2)("synchronize", "b", 5)]);
    await record([pullRequest(repository, 3)("closed", "a", 5)]);
    const id = await start("rerun", { all: true });
    expect(await workOff(id)).toMatchObject({ total: 3, replayed: 3, failed: 2, status: "done" });
    expect((await timelineOf(idOf(repository, 2))).at(-1)?.reason).toContain(
      "not run again: superseded by a newer commit",
    );
    expect((await timelineOf(idOf(repository, 3))).at(-1)?.reason).toContain(
      "not run again: the pull request or branch is closed",
    );
    const again = await start("rerun", { ids: [idOf(repository, 1)] });
    expect(await workOff(again)).toMatchObject({ replayed: 1, failed: 1 });
    expect(await count("SELECT count(*) FROM validations WHERE run = 2")).toBe(1);
  });

  test("keeps to its rate, and can be cancelled in the middle", async () => {
    await dead(30);
    const id = await start("rerun", { filter: { state: "dead" } }, 60);
    await step();
    expect(await count("SELECT count(*) FROM validations WHERE run = 2")).toBe(5);
    expect(await step()).toEqual({ changed: false, nextAt: null });
    expect(await step({ at: START + 10 })).toEqual({ changed: true, nextAt: second(START + 11) });
    expect(await replayOf(id)).toMatchObject({ total: 30, replayed: 15 });
    expect(await cancel(id)).toMatchObject({ status: "cancelled", replayed: 15 });
    await step({ at: START + 600 });
    expect(await count("SELECT count(*) FROM validations WHERE run = 2")).toBe(15);
  });

  test("runs nothing twice when it is killed between any two statements", async () => {
    await dead(6);
    const id = await start("rerun", { all: true });
    for (let at = START, kill = 0; kill < 8; at += 120, kill++) {
      let trip = 0;
      const dying = faulty(env.DB, () => (trip++ < kill ? "never" : "after"));
      await step({ at, db: dying }).catch(() => undefined);
    }
    expect(await workOff(id)).toMatchObject({ status: "done" });
    expect(await rows("SELECT run, count(*) AS n FROM validations GROUP BY run")).toEqual([
      { run: 1, n: 6 },
      { run: 2, n: 6 },
    ]);
  });
});

describe("a bulk cancel", () => {
  test("stops what has not ended, in the queue and at Grainchain, and nothing that came later", async () => {
    const repository = freshRepository();
    const ids = await queued(3, repository);
    await dispatch();
    const waiting = await queued(2, repository, 4);
    const id = await start("cancel", { all: true });
    await env.DB.prepare(`UPDATE validations SET created_at = ?2, seq = ${firstSeqOf("?2")} WHERE id = ?1`)
      .bind(waiting[1], second(START + 1))
      .run();
    expect(await workOff(id)).toMatchObject({ action: "cancel", replayed: 4, failed: 0, status: "done" });
    for (const one of [...ids, ...waiting.slice(0, 1)]) {
      expect(await validationOf(one)).toMatchObject({ state: "cancelled" });
    }
    expect(await validationOf(waiting[1] ?? "")).toMatchObject({ state: "queued" });
    expect(await count("SELECT count(*) FROM cancels WHERE status = 'due'")).toBe(3);
    expect((await timelineOf(ids[0] ?? "")).at(-1)?.reason).toBe(`cancelled by operator:ada (cancel ${id})`);
  });
});

test.each<[BulkAction, ValidationScope, number]>([
  ["rerun", { all: true }, 1],
  ["rerun", { filter: { state: "queued" } }, 0],
  ["cancel", { all: true }, 2],
  ["cancel", { filter: { state: "queued,failed" } }, 2],
  ["cancel", { filter: { pr: "3" } }, 1],
  ["cancel", { filter: { event: "push" } }, 0],
  ["cancel", { filter: { since: "2030-01-01" } }, 0],
  ["cancel", { filter: { until: "2030-01-01" } }, 2],
  ["cancel", { filter: { repo: "acme/unknown" } }, 0],
])("a %s of %o matches what it can do something about", async (action, scope, total) => {
  const repository = freshRepository();
  await failed(repository, 1);
  await queued(2, repository, 2);
  expect((await previewBulk(env.DB, action, scope)).total).toBe(total);
});
