import { env } from "cloudflare:workers";
import { GRAINCHAIN_STATUSES } from "@webhook-gateway/shared/domain/validation.ts";
import { NO_RESULTS, NO_VERDICT } from "@webhook-gateway/shared/domain/verdict.ts";
import type { CallbackFact } from "@webhook-gateway/shared/messages/fact.ts";
import { storeCallbackResults } from "@webhook-gateway/shared/store/write/callback-results.ts";
import { describe, expect, test } from "vitest";
import { amount } from "../../../test/support/amount.ts";
import fc from "../../../test/support/fast-check.ts";
import { dispatchDue } from "../../src/dispatch/dispatch.ts";
import { empty, intercept, row, rows } from "../support/database.ts";
import { callback, freshRepository, pullRequest, second, sha } from "../support/facts.ts";
import { createDouble, effectDeps, take } from "../support/grainchain.ts";
import { expectConsistent } from "../support/invariants.ts";
import {
  record,
  recordEach,
  recordUntilAcked,
  setValidation,
  timelineOf,
  validationOf,
} from "../support/recording.ts";

/** A validation that Grainchain has, or (without an id there) that is still queued. */
async function started(
  grainchainId: string | null = null,
  state = grainchainId === null ? "queued" : "pending",
) {
  const repository = freshRepository();
  await record([pullRequest(repository)("opened", "a", 1)]);
  const id = `${repository.id}-pr-12-${sha("a")}-1`;
  if (state !== "queued") {
    await setValidation(id, { state, grainchain_id: grainchainId });
    await env.DB.prepare(
      "INSERT INTO timeline (validation_id, at, from_state, to_state, reason) VALUES (?1, ?2, 'queued', ?3, 'set')",
    )
      .bind(id, second(0), state)
      .run();
  }
  return { repository, id, grainchainId: grainchainId ?? "" };
}

let grains = 0;
const freshGrain = (): string => `grain-${++grains}`;

const moves = async (id: string) =>
  (await timelineOf(id)).map(({ from_state, to_state }) => `${from_state}>${to_state}`);

/** Every result that is kept of a validation, wherever. */
async function keptResults(id: string): Promise<unknown[]> {
  const kept = await rows<{ results: string }>(
    `SELECT results FROM validations WHERE id = ?1 AND results IS NOT NULL
     UNION ALL SELECT results FROM timeline WHERE validation_id = ?1 AND results IS NOT NULL`,
    id,
  );
  return kept.map(({ results }) => JSON.parse(results));
}

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

  test("makes its report due as if it were the first, whatever happened to the one before", async () => {
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
    const { revision } = await reportOf();
    await record([callback(repository, id, "running")]);
    expect(await reportOf()).toEqual({
      status: "due",
      state: "running",
      reason: null,
      attempts: 0,
      revision: revision + 1,
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
      ["callback failed, after the end", '{"n":3}'],
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

  test("finishes what was cancelled no more, and keeps its results", async () => {
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

  test("counts as the start where it is the first that says more than pending", async () => {
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

  test("is ours first where an id is both", async () => {
    const one = await started(freshGrain());
    const two = await started(one.id);
    await record([callback(one.repository, one.id, "running", { id_kind: "any" })]);
    expect((await validationOf(one.id)).state).toBe("running");
    expect((await validationOf(two.id)).state).toBe("pending");
  });

  test("prefers its project's validation, then its pull request's, then a live one, where ids repeat", async () => {
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
  test("is kept with all it says", async () => {
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

describe("results that wait in D1", () => {
  const large = JSON.stringify({ output: "x".repeat(50_000) });

  async function storedCallback(...[repository, id, status, fields]: Parameters<typeof callback>) {
    const fact = callback(repository, id, status, { ...fields, results_stored: true });
    await storeCallbackResults(env.DB, fact.id, large, second(0));
    return fact;
  }

  const waiting = (fact: CallbackFact) => rows("SELECT id FROM callback_results WHERE id = ?1", fact.id);

  test("move to the validation when its callback finishes it", async () => {
    const { repository, id } = await started(freshGrain());
    const fact = await storedCallback(repository, id, "completed");
    await record([fact]);
    expect((await validationOf(id)).results).toBe(large);
    expect(await waiting(fact)).toEqual([]);
  });

  test("move to the timeline when it had finished", async () => {
    const { repository, id } = await started(freshGrain());
    const fact = await storedCallback(repository, id, "completed");
    await record([callback(repository, id, "completed"), fact]);
    expect((await timelineOf(id)).at(-1)?.results).toBe(large);
    expect(await waiting(fact)).toEqual([]);
  });

  test("move to the unmatched callbacks, and from there", async () => {
    const { repository, id } = await started();
    const fact = await storedCallback(repository, `grain-${id}`, "completed", {
      id_kind: "any",
      received_at: second(3601),
    });
    await record([fact]);
    expect(await row("SELECT results FROM callbacks_unmatched WHERE id = ?1", fact.id)).toEqual({
      results: large,
    });
    expect(await waiting(fact)).toEqual([]);
    await dispatchDue(effectDeps(createDouble((call) => take(call))));
    expect(await validationOf(id)).toMatchObject({ state: "completed", results: large });
  });

  test("stay where they are while the transaction fails", async () => {
    const { repository, id } = await started(freshGrain());
    const fact = await storedCallback(repository, id, "completed");
    let trips = 0;
    const db = intercept(env.DB, () => {
      trips++;
      if (trips === 2) throw new Error("D1_ERROR: Network connection lost.");
    });
    expect((await record([fact], { db })).verdicts).toEqual(["retry"]);
    expect(await waiting(fact)).toHaveLength(1);
    await record([fact], { db });
    expect((await validationOf(id)).results).toBe(large);
  });
});

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
    ["failed", "the disk is full", "callback failed"],
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
      dispatchDue(effectDeps(createDouble((call) => take(call, () => ({ validation_id: "the same" })))));
    await record([
      callback(one.repository, "the same", "completed", { id_kind: "any", received_at: second(3601) }),
    ]);
    await dispatch();
    const two = await started();
    await dispatch();
    expect([(await validationOf(one.id)).state, (await validationOf(two.id)).state]).toEqual([
      "completed",
      "pending",
    ]);
  });

  test("is not lost where it is recorded between the answer's reading and its commit", async () => {
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

  test("is not lost where the answer is committed between the callback's reading and its commit", async () => {
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

const FINAL = ["completed", "failed", "cancelled"];
const word = fc.record({
  status: fc.constantFrom(...GRAINCHAIN_STATUSES),
  success: fc.boolean(),
  form: fc.constantFrom("ours" as const, "grainchain's" as const),
  results: fc.constantFrom("none" as const, "inline" as const, "stored" as const),
  early: fc.boolean(),
  newBatch: fc.boolean(),
});

/** Those whose results are kept: while it is live all, after the end the first of each status. */
function keepers<Word extends { readonly status: string; readonly results: string }>(
  applied: Word[],
): Word[] {
  const end = applied.findIndex(({ status }) => FINAL.includes(status));
  const late = end === -1 ? [] : applied.slice(end + 1).filter(({ results }) => results !== "none");
  const repeated = late.filter((one, n) => late.findIndex(({ status }) => status === one.status) < n);
  return applied.filter((one) => one.results !== "none" && !repeated.includes(one));
}

test("the first end counts and no result is lost, whatever callbacks come in whatever form and order", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(word, { maxLength: 10 }), async (words) => {
      await empty();
      const { repository, id } = await started();
      const facts = await Promise.all(
        words.map(async (one, n) => {
          const fact = callback(repository, one.form === "ours" ? id : `grain-${id}`, one.status, {
            id_kind: one.form === "ours" ? "ours" : "any",
            success: one.success,
            received_at: second(3600 + n),
            results_stored: one.results === "stored",
            ...(one.results === "inline" ? { results: { n } } : {}),
          });
          if (one.results === "stored")
            await storeCallbackResults(env.DB, fact.id, JSON.stringify({ n }), second(0));
          return { ...one, fact, n };
        }),
      );
      const [early, late] = [facts.filter((one) => one.early), facts.filter((one) => !one.early)];
      const deliver = async (some: typeof facts) => {
        let batch: CallbackFact[] = [];
        for (const { fact, newBatch } of some) {
          if (newBatch) await recordUntilAcked(batch);
          batch = newBatch ? [fact] : [...batch, fact];
        }
        await recordUntilAcked(batch);
      };
      const double = createDouble(async (call) => {
        await deliver(early);
        return take(call);
      });
      await dispatchDue(effectDeps(double));
      await deliver(late);
      // What came early under Grainchain's id is applied with the answer, so after what came early under ours.
      const applied = [
        ...early.filter(({ form }) => form === "ours"),
        ...early.filter(({ form }) => form !== "ours"),
        ...late,
      ];
      const end = applied.find(({ status }) => FINAL.includes(status));
      const live = applied.some(({ status }) => status === "running") ? "running" : "pending";
      const conclusion = end?.status === "completed" ? (end.success ? "success" : "failure") : null;
      expect(await validationOf(id)).toMatchObject({ state: end?.status ?? live, conclusion });
      const kept = await keptResults(id);
      const sent = keepers(applied).map(({ n }) => ({ n }));
      expect(kept).toHaveLength(sent.length);
      expect(kept).toEqual(expect.arrayContaining(sent));
      if (end !== undefined && end.results !== "none") {
        expect((await validationOf(id)).results).toBe(JSON.stringify({ n: end.n }));
      }
      const heard = (await timelineOf(id)).flatMap(({ delivery_id }) => delivery_id ?? []);
      expect(heard.filter((one) => applied.some(({ fact }) => fact.id === one))).toHaveLength(applied.length);
      expect(await rows("SELECT id FROM callback_results")).toEqual([]);
      expect(await rows("SELECT id FROM callbacks_unmatched WHERE matched_at IS NULL")).toEqual([]);
      await expectConsistent(repository.id);
    }),
    { numRuns: amount(60) },
  );
});
