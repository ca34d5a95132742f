import { env } from "cloudflare:workers";
import type { CallbackFact } from "@webhook-gateway/shared/messages/fact.ts";
import { MAX_LIVE_CALLBACKS } from "@webhook-gateway/shared/runs/callback-limits.ts";
import { storeCallbackResults } from "@webhook-gateway/shared/store/write/callback-results.ts";
import { expect, test } from "vitest";
import { amount } from "../../../../test/support/amount.ts";
import fc from "../../../../test/support/fast-check.ts";
import { empty, intercept, row, rows } from "../../support/database.ts";
import { callback, second } from "../../support/facts.ts";
import { expectConsistent } from "../../support/invariants.ts";
import { record, recordUntilAcked, timelineOf, validationOf } from "../../support/recording.ts";
import { started } from "./support.ts";

const MAX_ROWS = 200;

const countRows = async (id: string) => (await timelineOf(id)).length;

/** A validation that has had this many callbacks. */
async function heardOf(callbacks: number) {
  const { repository, id } = await started();
  await env.DB.prepare("UPDATE validations SET live_callbacks = ?2 WHERE id = ?1").bind(id, callbacks).run();
  const say = (status: CallbackFact["status"], fields: Partial<CallbackFact> = {}) =>
    callback(repository, id, status, fields);
  return { repository, id, say };
}

const resultsIn = async (id: string) =>
  (await timelineOf(id)).flatMap(({ results }) => (results === null ? [] : [JSON.parse(results).n]));

test("1,000 callbacks before the end leave 200 rows, and the last one still ends the validation", async () => {
  await empty();
  const { repository, id, say } = await heardOf(0);
  for (let batch = 0; batch < 10; batch++) {
    const facts = Array.from({ length: 100 }, (_, n) => {
      const results = n % 3 === 0 ? {} : { results: { n: batch * 100 + n } };
      return say(n % 2 === 0 ? "running" : "pending", { received_at: second(n), ...results });
    });
    const { verdicts } = await record(facts);
    expect(new Set(verdicts)).toEqual(new Set(["ack"]));
  }
  // The first and the latest of each status, in their order.
  expect(await resultsIn(id)).toEqual([1, 2, 997, 998]);
  await record([say("completed", { success: true, results: { n: 1000 } })]);
  expect(await validationOf(id)).toMatchObject({
    state: "completed",
    conclusion: "success",
    results: '{"n":1000}',
  });
  expect(await countRows(id)).toBeLessThanOrEqual(MAX_ROWS);
  expect(await resultsIn(id)).toEqual([1, 2, 997, 998]);
  await expectConsistent(repository.id);
});

test("a dropped callback still shows that Grainchain is at work", async () => {
  const { id, say } = await heardOf(MAX_LIVE_CALLBACKS);
  await record([say("running")]);
  const before = await countRows(id);
  await record([say("running", { received_at: second(1800) })]);
  expect(await countRows(id)).toBe(before);
  expect(await validationOf(id)).toMatchObject({ state: "running", heard_at: second(1800) });
});

test("results between the first and the latest leave their callback in the timeline, without them", async () => {
  const { id, say } = await heardOf(0);
  const before = await countRows(id);
  await record([0, 1, 2, 3].map((n) => say("running", { results: { n } })));
  expect((await timelineOf(id)).slice(before).map(({ results }) => results)).toEqual([
    '{"n":0}',
    null,
    null,
    '{"n":3}',
  ]);
});

test("what it costs to keep the latest results does not depend on how many came before", async () => {
  const { say } = await heardOf(MAX_LIVE_CALLBACKS);
  await record([say("running", { results: { n: 0 } }), say("running", { results: { n: 1 } })]);
  const cost = async (count: number) => {
    let statements = 0;
    const db = intercept(env.DB, () => void statements++);
    await record(
      Array.from({ length: count }, (_, n) => say("running", { results: { n } })),
      { db },
    );
    return statements;
  };
  expect(await cost(100)).toBe(await cost(1));
});

const word = fc.record({
  status: fc.constantFrom("pending" as const, "running" as const),
  results: fc.constantFrom("none" as const, "inline" as const, "stored" as const),
  newBatch: fc.boolean(),
});
const last = fc.option(fc.constantFrom("completed" as const, "failed" as const, "cancelled" as const));

test("any callbacks around the limit leave the first and latest results of each status, and the right end", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(word, { maxLength: 12 }), fc.nat(12), last, async (words, room, end) => {
      await empty();
      const { repository, id, say } = await heardOf(MAX_LIVE_CALLBACKS - room);
      const before = await countRows(id);
      const said = [
        ...words,
        ...(end === null ? [] : [{ status: end, results: "inline" as const, newBatch: false }]),
      ];
      let batch: CallbackFact[] = [];
      for (const [n, { status, results, newBatch }] of said.entries()) {
        const fact = say(status, {
          received_at: second(n),
          results_stored: results === "stored",
          ...(results === "inline" ? { results: { n } } : {}),
        });
        if (results === "stored")
          await storeCallbackResults(env.DB, fact.id, JSON.stringify({ n }), second(0));
        if (newBatch) await recordUntilAcked(batch);
        batch = newBatch ? [fact] : [...batch, fact];
      }
      await recordUntilAcked(batch);

      const of = (wanted: string) =>
        words.flatMap(({ status, results }, n) => (status === wanted && results !== "none" ? [n] : []));
      const kept = ["pending", "running"].flatMap((status) => [of(status).at(0), of(status).at(-1)]);
      const expected = [...new Set(kept.flatMap((n) => n ?? []))].toSorted((a, b) => a - b);
      expect(await resultsIn(id)).toEqual(expected);
      // At most three moves, and results that are kept beyond the limit.
      const added = (await countRows(id)) - before;
      expect(added).toBeLessThanOrEqual(Math.min(said.length, room + 3 + expected.length));
      expect(added).toBeGreaterThanOrEqual(Math.min(said.length, room));
      const live = ["running", "pending"].find((state) => words.some(({ status }) => status === state));
      const results = end === null ? null : JSON.stringify({ n: words.length });
      expect(await validationOf(id)).toMatchObject({ state: end ?? live ?? "queued", results });
      expect(await rows("SELECT id FROM callback_results")).toEqual([]);
      expect(
        await row("SELECT count(*) AS n FROM timeline WHERE only_results = 1 AND results IS NULL"),
      ).toEqual({ n: 0 });
      await expectConsistent(repository.id);
    }),
    { numRuns: amount(12) },
  );
});
