import { env } from "cloudflare:workers";
import { GRAINCHAIN_STATUSES } from "@webhook-gateway/shared/domain/validation.ts";
import type { CallbackFact } from "@webhook-gateway/shared/messages/fact.ts";
import { storeCallbackResults } from "@webhook-gateway/shared/store/write/callback-results.ts";
import { expect, test } from "vitest";
import { amount } from "../../../../test/support/amount.ts";
import fc from "../../../../test/support/fast-check.ts";
import { dispatchDue } from "../../../src/dispatch/dispatch.ts";
import { empty, rows } from "../../support/database.ts";
import { callback, second } from "../../support/facts.ts";
import { createDouble, effectDeps, take } from "../../support/grainchain.ts";
import { expectConsistent } from "../../support/invariants.ts";
import { recordUntilAcked, timelineOf, validationOf } from "../../support/recording.ts";
import { keptResults, started } from "./support.ts";

const FINAL = ["completed", "failed", "cancelled"];
const word = fc.record({
  status: fc.constantFrom(...GRAINCHAIN_STATUSES),
  success: fc.boolean(),
  form: fc.constantFrom("ours" as const, "grainchain's" as const),
  results: fc.constantFrom("none" as const, "inline" as const, "stored" as const),
  early: fc.boolean(),
  newBatch: fc.boolean(),
});

/** Those whose results are kept: while it is live the first and the latest of each status, after the end the first. */
function keepers<Word extends { readonly status: string; readonly results: string }>(
  applied: Word[],
): Word[] {
  const found = applied.findIndex(({ status }) => FINAL.includes(status));
  const end = found === -1 ? applied.length : found;
  const having = (some: Word[]) => some.filter(({ results }) => results !== "none");
  const [live, last, late] = [applied.slice(0, end), applied.slice(end, end + 1), applied.slice(end + 1)].map(
    having,
  );
  const first = (some: Word[] = []) =>
    some.filter((one) => some.find(({ status }) => status === one.status) === one);
  const latest = (some: Word[] = []) =>
    some.filter((one) => some.findLast(({ status }) => status === one.status) === one);
  return [...new Set([...first(live), ...latest(live), ...(last ?? []), ...first(late)])];
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
