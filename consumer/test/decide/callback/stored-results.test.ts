import { env } from "cloudflare:workers";
import type { CallbackFact } from "@webhook-gateway/shared/messages/fact.ts";
import { storeCallbackResults } from "@webhook-gateway/shared/store/write/callback-results.ts";
import { describe, expect, test } from "vitest";
import { dispatchDue } from "../../../src/dispatch/dispatch.ts";
import { intercept, row, rows } from "../../support/database.ts";
import { callback, second } from "../../support/facts.ts";
import { createDouble, effectDeps, take } from "../../support/grainchain.ts";
import { record, timelineOf, validationOf } from "../../support/recording.ts";
import { freshGrain, started } from "./support.ts";

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
