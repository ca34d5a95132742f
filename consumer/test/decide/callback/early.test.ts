import { env } from "cloudflare:workers";
import { NO_VERDICT } from "@webhook-gateway/shared/domain/results/verdict.ts";
import { describe, expect, test } from "vitest";
import { dispatchDue } from "../../../src/dispatch/dispatch.ts";
import { empty, intercept, row, rows } from "../../support/database.ts";
import { callback, second } from "../../support/facts.ts";
import { createDouble, effectDeps, take } from "../../support/grainchain.ts";
import { expectConsistent } from "../../support/invariants.ts";
import { record, recordUntilAcked, timelineOf, validationOf } from "../../support/recording.ts";
import { keptResults, moves, started } from "./support.ts";

describe("a callback by Grainchain's id that comes before the dispatch's answer", () => {
  test("waits, and is applied when the answer says whose it is", async () => {
    await empty();
    const { repository, id } = await started();
    const facts = [
      callback(repository, `grain-${id}`, "running", { id_kind: "any", received_at: second(3601) }),
      callback(repository, `grain-${id}`, "completed", {
        id_kind: "any",
        received_at: second(3602),
        results: { n: 2 },
      }),
      callback(repository, `grain-${id}`, "running", {
        id_kind: "any",
        received_at: second(3603),
        results: { n: 3 },
      }),
    ];
    const double = createDouble(async (call) => {
      await record(facts);
      expect((await validationOf(id)).state).toBe("dispatching");
      return take(call);
    });
    await dispatchDue(effectDeps(double));
    expect(await validationOf(id)).toMatchObject({
      state: "completed",
      conclusion: "success",
      results: '{"n":2}',
    });
    expect(await keptResults(id)).toEqual([{ n: 2 }, { n: 3 }]);
    expect(await moves(id)).toEqual([
      "null>queued",
      "queued>dispatching",
      "dispatching>pending",
      "pending>running",
      "running>completed",
      "completed>completed",
    ]);
    expect(
      await rows(
        "SELECT id FROM callbacks_unmatched WHERE validation_id = ?1 AND matched_at = ?2",
        id,
        second(3600),
      ),
    ).toHaveLength(3);
    await expectConsistent(repository.id);
  });

  test.each([
    ["failed", "the disk\n is full", "callback failed: the disk is full"],
    ["completed", NO_VERDICT, "callback completed without a verdict"],
  ] as const)("keeps its error where it is %s: %s", async (status, error, reason) => {
    await empty();
    const { repository, id } = await started();
    await record([
      callback(repository, `grain-${id}`, status, {
        id_kind: "any",
        received_at: second(3601),
        success: false,
        error,
      }),
    ]);
    await dispatchDue(effectDeps(createDouble((call) => take(call))));
    expect(await validationOf(id)).toMatchObject({ state: "failed", error });
    expect((await timelineOf(id)).at(-1)?.reason).toBe(reason);
  });

  test.each([
    ["another project", { project_id: "octo/other" }],
    ["another pull request", { pr_number: 13 }],
    ["an earlier use of the id", { received_at: second(3599) }],
  ])("stays unmatched where it is of %s", async (_name, fields) => {
    await empty();
    const { repository, id } = await started();
    const fact = callback(repository, `grain-${id}`, "completed", {
      id_kind: "any",
      received_at: second(3601),
      ...fields,
    });
    await record([fact]);
    await dispatchDue(effectDeps(createDouble((call) => take(call))));
    expect((await validationOf(id)).state).toBe("pending");
    expect(await row("SELECT matched_at FROM callbacks_unmatched WHERE id = ?1", fact.id)).toEqual({
      matched_at: null,
    });
  });

  test("is applied once, and not in the way of the next validation that gets its id", async () => {
    await empty();
    const one = await started();
    const dispatch = () =>
      dispatchDue(effectDeps(createDouble((call) => take(call, () => ({ validation_id: "the-same" })))));
    await record([
      callback(one.repository, "the-same", "completed", { id_kind: "any", received_at: second(3601) }),
    ]);
    await dispatch();
    const two = await started();
    await dispatch();
    expect([(await validationOf(one.id)).state, (await validationOf(two.id)).state]).toEqual([
      "completed",
      "pending",
    ]);
  });

  test("is not lost if it is recorded between the answer's reading and its commit", async () => {
    await empty();
    const { repository, id } = await started();
    const fact = callback(repository, `grain-${id}`, "completed", {
      id_kind: "any",
      received_at: second(3601),
      results: { n: 1 },
    });
    let answered = false;
    let trips = 0;
    const db = intercept(env.DB, async () => {
      // The answer's outcome: read the validations, read the unmatched callbacks, commit.
      if (answered) trips++;
      if (trips === 3) await recordUntilAcked([fact]);
    });
    const double = createDouble((call) => {
      answered = true;
      return take(call);
    });
    await dispatchDue(effectDeps(double, { db }));
    expect(trips).toBeGreaterThanOrEqual(3);
    expect(await validationOf(id)).toMatchObject({ state: "completed", results: '{"n":1}' });
  });

  test("is not lost if the answer is committed between the callback's reading and its commit", async () => {
    await empty();
    const { repository, id } = await started();
    const fact = callback(repository, `grain-${id}`, "completed", {
      id_kind: "any",
      received_at: second(3601),
      results: { n: 1 },
    });
    let trips = 0;
    const db = intercept(env.DB, async () => {
      trips++;
      if (trips === 2) await dispatchDue(effectDeps(createDouble((call) => take(call))));
    });
    await recordUntilAcked([fact], { db });
    expect(await validationOf(id)).toMatchObject({ state: "completed", results: '{"n":1}' });
    expect(await rows("SELECT id FROM callbacks_unmatched")).toEqual([]);
  });
});
