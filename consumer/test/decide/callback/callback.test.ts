import { env } from "cloudflare:workers";
import { NO_RESULTS } from "@webhook-gateway/shared/domain/results/verdict.ts";
import { describe, expect, test } from "vitest";
import { row, rows } from "../../support/database.ts";
import { callback, pullRequest, second } from "../../support/facts.ts";
import { expectConsistent } from "../../support/invariants.ts";
import { record, recordEach, setValidation, timelineOf, validationOf } from "../../support/recording.ts";
import { freshGrain, keptResults, moves, started } from "./support.ts";

describe("a callback", () => {
  test("goes from pending over running to completed, with its results", async () => {
    const { repository, id } = await started(freshGrain());
    const results = { success: true, test_results: { overall_success: true } };
    await recordEach([
      callback(repository, id, "running", { occurred_at: second(30), received_at: second(31) }),
      callback(repository, id, "completed", { results, received_at: second(60) }),
    ]);
    expect(await validationOf(id)).toMatchObject({
      state: "completed",
      conclusion: "success",
      results: JSON.stringify(results),
      started_at: second(30),
      finished_at: second(3600),
      heard_at: second(60),
      due_at: null,
      lease_id: null,
    });
    expect(await moves(id)).toEqual([
      "null>queued",
      "queued>pending",
      "pending>running",
      "running>completed",
    ]);
    expect((await timelineOf(id)).map(({ reason }) => reason).slice(2)).toEqual([
      "callback running",
      "callback completed",
    ]);
    expect(await row("SELECT state, conclusion, status FROM reports WHERE validation_id = ?1", id)).toEqual({
      state: "completed",
      conclusion: "success",
      status: "due",
    });
  });

  test("makes its report due as if it were the first, if it changes what GitHub is shown", async () => {
    const { repository, id } = await started(freshGrain());
    await env.DB.prepare(
      "UPDATE reports SET status = 'skipped', reason = 'nothing to say', attempts = 7 WHERE validation_id = ?1",
    )
      .bind(id)
      .run();
    const reportOf = () =>
      row<{ revision: number }>(
        "SELECT status, state, reason, attempts, revision FROM reports WHERE validation_id = ?1",
        id,
      );
    const before = await reportOf();
    // GitHub is shown the same of it.
    await record([callback(repository, id, "running")]);
    expect(await reportOf()).toEqual(before);
    await record([callback(repository, id, "completed")]);
    expect(await reportOf()).toEqual({
      status: "due",
      state: "completed",
      reason: null,
      attempts: 0,
      revision: before.revision + 1,
    });
  });

  test("of a bad change is completed with a failure", async () => {
    const { repository, id } = await started(freshGrain());
    await record([callback(repository, id, "completed", { success: false })]);
    expect(await validationOf(id)).toMatchObject({ state: "completed", conclusion: "failure" });
  });

  test("without a verdict is a failed validation, and results that come after it stay in the timeline", async () => {
    const { repository, id } = await started(freshGrain());
    await record([
      callback(repository, id, "completed", { success: false, error: NO_RESULTS }),
      callback(repository, id, "completed", { results: { success: true } }),
    ]);
    expect(await validationOf(id)).toMatchObject({ state: "failed", conclusion: null, error: NO_RESULTS });
    expect((await timelineOf(id)).slice(-2)).toMatchObject([
      { to_state: "failed", reason: "callback completed without a verdict", results: null },
      {
        from_state: "failed",
        to_state: "failed",
        reason: "callback completed, after the end",
        results: '{"success":true}',
      },
    ]);
    await expectConsistent(repository.id);
  });

  test("of a broken sandbox is failed, with the error", async () => {
    const { repository, id } = await started(freshGrain());
    await record([callback(repository, id, "failed", { success: false, error: "no disk" })]);
    expect(await validationOf(id)).toMatchObject({ state: "failed", conclusion: null, error: "no disk" });
  });

  test("that comes late moves nothing, and its results are kept in the timeline", async () => {
    const { repository, id } = await started(freshGrain());
    await recordEach([
      callback(repository, id, "completed", { results: { n: 1 } }),
      callback(repository, id, "running", { results: { n: 2 } }),
      callback(repository, id, "failed", { results: { n: 3 }, error: "late" }),
      callback(repository, id, "completed", { success: false, results: { n: 4 } }),
    ]);
    expect(await validationOf(id)).toMatchObject({
      state: "completed",
      conclusion: "success",
      error: null,
      results: '{"n":1}',
    });
    const late = (await timelineOf(id)).slice(3);
    expect(late.map(({ reason, results }) => [reason, results])).toEqual([
      ["callback running, after the end", '{"n":2}'],
      ["callback failed: late, after the end", '{"n":3}'],
      ["callback completed, after the end", '{"n":4}'],
    ]);
    await expectConsistent(repository.id);
  });

  test("that is repeated by the queue is recorded once", async () => {
    const { repository, id } = await started(freshGrain());
    const fact = callback(repository, id, "completed", { results: { n: 1 } });
    await record([fact, fact]);
    await recordEach([fact, fact]);
    expect(await moves(id)).toEqual(["null>queued", "queued>pending", "pending>completed"]);
    expect(await keptResults(id)).toEqual([{ n: 1 }]);
  });

  test("that Grainchain sends again is in the timeline again", async () => {
    const { repository, id } = await started(freshGrain());
    await recordEach([callback(repository, id, "running"), callback(repository, id, "running")]);
    expect(await moves(id)).toEqual(["null>queued", "queued>pending", "pending>running", "running>running"]);
  });

  test("keeps the results of each step, also in one batch", async () => {
    const { repository, id } = await started(freshGrain());
    await record([
      callback(repository, id, "running", { results: { n: 1 } }),
      callback(repository, id, "running", { results: { n: 2 } }),
      callback(repository, id, "completed", { results: { n: 3 } }),
      callback(repository, id, "completed", { results: { n: 4 } }),
    ]);
    expect(await validationOf(id)).toMatchObject({ state: "completed", results: '{"n":3}' });
    expect(await keptResults(id)).toEqual([{ n: 3 }, { n: 1 }, { n: 2 }, { n: 4 }]);
  });

  test("no longer finishes what was cancelled, and keeps its results", async () => {
    const { repository, id } = await started(freshGrain());
    await recordEach([
      pullRequest(repository)("closed", "a", 2),
      callback(repository, id, "completed", { results: { n: 1 } }),
    ]);
    expect(await validationOf(id)).toMatchObject({ state: "cancelled", conclusion: null });
    expect(await keptResults(id)).toEqual([{ n: 1 }]);
    await expectConsistent(repository.id);
  });

  test("stops what runs although it was stopped before Grainchain's id was known", async () => {
    const { repository, id } = await started();
    await recordEach([
      pullRequest(repository)("closed", "a", 2),
      callback(repository, id, "running", { grainchain_id: "grain-late" }),
    ]);
    expect(await rows("SELECT grainchain_id, status FROM cancels WHERE validation_id = ?1", id)).toEqual([
      { grainchain_id: "grain-late", status: "due" },
    ]);
  });

  test.each(["completed", "failed", "cancelled"] as const)(
    "stops nothing that has ended at Grainchain too: %s",
    async (status) => {
      const { repository, id } = await started();
      await recordEach([
        pullRequest(repository)("closed", "a", 2),
        callback(repository, id, status, { grainchain_id: "grain-ended" }),
      ]);
      expect(await rows("SELECT grainchain_id FROM cancels WHERE validation_id = ?1", id)).toEqual([]);
    },
  );

  test("stops nothing that Grainchain itself called cancelled, whatever it says later", async () => {
    const { repository, id } = await started(freshGrain());
    await recordEach([callback(repository, id, "cancelled"), callback(repository, id, "running")]);
    expect((await validationOf(id)).state).toBe("cancelled");
    expect(await rows("SELECT grainchain_id FROM cancels WHERE validation_id = ?1", id)).toEqual([]);
  });

  test("counts as the start if it is the first that says more than pending", async () => {
    const { repository, id } = await started(freshGrain());
    await record([callback(repository, id, "pending", { received_at: second(10) })]);
    expect(await validationOf(id)).toMatchObject({ started_at: null, heard_at: second(10) });
    await recordEach([
      callback(repository, id, "running", { received_at: second(20) }),
      callback(repository, id, "running", { received_at: second(30) }),
    ]);
    expect(await validationOf(id)).toMatchObject({ started_at: second(20), heard_at: second(30) });
  });

  test("that has no error leaves the one from before its dispatch", async () => {
    const { repository, id } = await started();
    await setValidation(id, { error: "HTTP 500" });
    await record([callback(repository, id, "running")]);
    expect(await validationOf(id)).toMatchObject({ state: "running", error: "HTTP 500" });
  });

  test("by our id comes before the dispatch's answer", async () => {
    const { repository, id } = await started();
    const fact = callback(repository, id, "completed", { grainchain_id: "grain-early", results: { n: 1 } });
    await record([fact]);
    expect(await validationOf(id)).toMatchObject({
      state: "completed",
      grainchain_id: "grain-early",
      results: '{"n":1}',
    });
  });

  test("takes text of any kind as it is", async () => {
    const { repository, id } = await started(freshGrain());
    const results = {
      "quote'\"\\": "line\nbreak\u2028 🧪 \u0001 %s ?1 $.x",
      nested: [{ id: 1, value: null, key: "k" }],
      results: {},
    };
    await record([callback(repository, id, "failed", { results, error: 'it\'s "bad"\n\u0001\\' })]);
    const stored = await validationOf(id);
    expect(JSON.parse(stored.results ?? "")).toEqual(results);
    expect(stored.error).toBe('it\'s "bad"\n\u0001\\');
  });
});
