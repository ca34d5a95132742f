import { env } from "cloudflare:workers";
import { listFlakes } from "@webhook-gateway/shared/store/read/flakes.ts";
import { expect, test } from "vitest";
import { NOW } from "../../support/app.ts";
import { empty } from "../../support/database.ts";
import { startApi } from "../support/api.ts";
import { freshRepository, insertName, insertValidation, minute } from "../support/insert.ts";

const HEAD = "c0ffee".padEnd(40, "0");

/** A run of a commit with the outcomes of its steps. */
const insertRun = (
  repository: { readonly name: string; readonly id: number },
  run: number,
  steps: Readonly<Record<string, unknown>>,
  row: Readonly<Record<string, string | number>> = {},
) =>
  insertValidation({
    ...{ repository: repository.name, repository_id: repository.id, run, head_sha: HEAD },
    ...{ state: "completed", conclusion: "failure", finished_at: minute(run) },
    results: JSON.stringify({ test_results: { overall_success: false, execution_time: 3, ...steps } }),
    ...row,
  });

let ids = 7000;
async function repository() {
  const named = { name: freshRepository(), id: ++ids };
  await insertName(named.name, named.id, minute(0));
  return named;
}

test("steps that passed and failed on one commit are listed, the flakiest first", async () => {
  await empty();
  const [one, other] = [await repository(), await repository()];
  await insertRun(one, 1, {
    lint: { status: "passed" },
    test: { exit_code: 1 },
    odd: "text",
    later: { status: "skipped" },
  });
  const failed = await insertRun(one, 2, { lint: { status: "passed" }, test: { status: "timed_out" } });
  await insertRun(one, 3, {
    lint: { success: true },
    test: { status: "passed" },
    later: { status: "failed" },
  });
  await insertRun(one, 1, { test: { status: "failed" } }, { head_sha: "b".repeat(40) });
  for (const head of ["d", "e"]) {
    const row = { head_sha: head.repeat(40) };
    await insertRun(other, 1, { e2e: { status: "failed" } }, row);
    await insertRun(other, 2, { e2e: { status: "passed" } }, { ...row, conclusion: "success" });
  }
  // Never run again: they prove nothing.
  await insertRun(other, 1, { flaky: { status: "failed" } }, { head_sha: "f".repeat(40) });

  const api = startApi();
  const { items, next_cursor } = await api.get("/api/flakes");
  expect(items).toMatchObject([
    { repository: other.name, step: "e2e", commits: 2, passed: 2, failed: 2 },
    {
      ...{ repository: one.name, step: "test", commits: 1, passed: 1, failed: 2, head_sha: HEAD },
      ...{ last_at: minute(3), failed_validation_id: expect.any(String) },
    },
  ]);
  expect(failed).not.toBe("");
  expect(next_cursor).toBeNull();
  expect(await api.get(`/api/flakes?repo=${one.name}`)).toMatchObject({ items: [{ step: "test" }] });
  expect(await api.get("/api/flakes?repo=octo/unknown")).toEqual({ items: [], next_cursor: null });
  expect(await api.get("/api/flakes?since=2026-11-23T09:03:30Z")).toMatchObject({ items: [] });
});

test("what was never run again is not read", async () => {
  await empty();
  const { id, name } = await repository();
  for (let n = 0; n < 50; n++) {
    await insertRun({ id, name }, 1, { test: { status: "failed" } }, { head_sha: String(n).padEnd(40, "a") });
  }
  let read = 0;
  const db = Object.assign(Object.create(env.DB), {
    prepare: (sql: string) => {
      const bound = env.DB.prepare(sql);
      return {
        bind: (...values: unknown[]) => ({
          all: async () => {
            const result = await bound.bind(...values).all();
            read += result.meta.rows_read;
            return result;
          },
        }),
      };
    },
  });
  expect(await listFlakes(db, {}, new Date(NOW))).toEqual([]);
  expect(read).toBeLessThan(10);
});
