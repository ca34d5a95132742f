import { describe, expect, test } from "vitest";
import { row, rows } from "../../support/database.ts";
import { callback, freshRepository, second } from "../../support/facts.ts";
import { record, setValidation, timelineOf, validationOf } from "../../support/recording.ts";
import { freshGrain, started } from "./support.ts";

describe("a callback by Grainchain's id", () => {
  test("finds its validation", async () => {
    const { repository, id, grainchainId } = await started(freshGrain());
    await record([callback(repository, grainchainId, "completed", { id_kind: "any", results: { n: 1 } })]);
    expect(await validationOf(id)).toMatchObject({ state: "completed", results: '{"n":1}' });
  });

  test("does not count as ours if the path authenticated another", async () => {
    const { repository, id, grainchainId } = await started(freshGrain());
    const fact = callback(repository, grainchainId, "completed");
    await record([fact]);
    expect((await validationOf(id)).state).toBe("pending");
    expect(await rows("SELECT id FROM callbacks_unmatched WHERE id = ?1", fact.id)).toEqual([]);
  });

  test("is ours first if an id is both", async () => {
    const one = await started(freshGrain());
    const two = await started(one.id);
    await record([callback(one.repository, one.id, "running", { id_kind: "any" })]);
    expect((await validationOf(one.id)).state).toBe("running");
    expect((await validationOf(two.id)).state).toBe("pending");
  });

  test("prefers its project's validation, then its pull request's, then a live one, if ids repeat", async () => {
    const grain = freshGrain();
    const one = await started(grain, "running");
    const two = await started(grain, "running");
    await record([callback(two.repository, grain, "completed", { id_kind: "any" })]);
    expect([(await validationOf(one.id)).state, (await validationOf(two.id)).state]).toEqual([
      "running",
      "completed",
    ]);
    await record([
      callback(one.repository, grain, "completed", {
        id_kind: "any",
        project_id: one.repository.full_name.toUpperCase(),
      }),
    ]);
    expect((await validationOf(one.id)).state).toBe("completed");
  });

  const mine = { repository: "octo/mine", pr_number: 12, state: "running", created_at: second(1) };
  test.each([
    [
      "its project's, though another's has its number and is live",
      { ...mine, pr_number: 13, state: "cancelled" },
      { ...mine, repository: "octo/other", created_at: second(2) },
    ],
    [
      "its pull request's, though another's is live",
      { ...mine, state: "cancelled" },
      { ...mine, pr_number: 13, created_at: second(2) },
    ],
    ["the live one, though another is newer", mine, { ...mine, state: "cancelled", created_at: second(2) }],
    ["the newest of those that are as good", { ...mine, created_at: second(2) }, mine],
  ])("is about %s, where ids repeat", async (_name, better, worse) => {
    const grain = freshGrain();
    const ids: string[] = [];
    for (const columns of [worse, better]) {
      const { id } = await started(grain);
      await setValidation(id, columns);
      ids.push(id);
    }
    const fact = callback(freshRepository(), grain, "running", { id_kind: "any", project_id: "octo/mine" });
    await record([fact]);
    const heard = await Promise.all(
      ids.map(async (id) => (await timelineOf(id)).some(({ delivery_id }) => delivery_id === fact.id)),
    );
    expect(heard).toEqual([false, true]);
  });
});

describe("a callback that belongs to nothing known", () => {
  test("is kept with all its fields", async () => {
    const repository = freshRepository();
    const fact = callback(repository, "nobody's", "failed", {
      id_kind: "any",
      success: false,
      error: "x",
      occurred_at: second(5),
      results: { error: "x" },
    });
    expect((await record([fact])).verdicts).toEqual(["ack"]);
    await record([fact]);
    expect(await row("SELECT * FROM callbacks_unmatched WHERE id = ?1", fact.id)).toEqual({
      id: fact.id,
      received_at: second(600),
      recorded_at: second(3600),
      given_id: "nobody's",
      repository: repository.full_name,
      pr_number: 12,
      status: "failed",
      success: 0,
      error: "x",
      occurred_at: second(5),
      results: '{"error":"x"}',
      matched_at: null,
      validation_id: null,
    });
  });
});
