import { env } from "cloudflare:workers";
import type { Fact } from "@webhook-gateway/shared/messages/fact.ts";
import { expect, test } from "vitest";
import { amount } from "../../../test/support/amount.ts";
import fc from "../../../test/support/fast-check.ts";
import { row, rows } from "../support/database.ts";
import { deliveryOf as deliveriesOf, history } from "../support/history.ts";
import { expectConsistent, expectOneLive } from "../support/invariants.ts";
import { recordUntilAcked, validationsOf } from "../support/recording.ts";

/** A counterexample in few words. */
const outline = (batches: readonly (readonly Fact[])[]): string =>
  batches.map((batch) => batch.map(outlineFact).join(", ")).join(" | ");

function outlineFact(fact: Fact): string {
  if (fact.kind === "callback") return `${fact.status} ${fact.validation_id}`;
  if (fact.kind !== "delivery") return fact.kind;
  const { change } = fact;
  return change.type === "pull_request"
    ? `${change.action} ${change.before?.slice(0, 8) ?? ""}>${change.head_sha.slice(0, 8)} at ${change.updated_at.slice(17, 19)}`
    : change.type;
}

const scenario = history.chain((told) =>
  deliveriesOf(told.facts).map((batches) => ({ told, batches, [fc.toStringMethod]: () => outline(batches) })),
);

test("ends the same whatever the order, the repetition and the batches of a pull request's history", async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async ({ told, batches }) => {
      const { repository, facts, head, open } = told;
      await env.DB.batch([
        ...["deliveries", "subjects", "validations"].map((table) =>
          env.DB.prepare(`DELETE FROM ${table} WHERE repository_id = ?1`).bind(repository.id),
        ),
        env.DB.prepare("DELETE FROM callbacks_unmatched WHERE repository = ?1").bind(repository.full_name),
      ]);
      for (const batch of batches) await recordUntilAcked(batch);
      const guids = facts.filter((fact) => fact.kind === "delivery").map(({ id }) => id);
      const recorded = await rows<{ id: string }>(
        "SELECT id FROM deliveries WHERE repository_id = ?1",
        repository.id,
      );
      expect(recorded.map(({ id }) => id).toSorted()).toEqual(guids.toSorted());
      expect(
        await row("SELECT head_sha, state FROM subjects WHERE repository_id = ?1", repository.id),
      ).toEqual({
        head_sha: head,
        state: open ? "open" : "closed",
      });
      await expectConsistent(repository.id);
      await expectOneLive(repository.id);
      const validations = await validationsOf(repository);
      const live = validations.filter(({ state }) => state === "queued");
      const ended = validations.some(({ state, head_sha }) => state === "completed" && head_sha === head);
      // An open pull request's head waits, or has had its verdict.
      const waiting = open && !(ended && live.length === 0) ? [head] : [];
      expect(live.map(({ head_sha }) => head_sha)).toEqual(waiting);
    }),
    { numRuns: amount(100) },
  );
});
