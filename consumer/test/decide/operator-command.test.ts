import { FACT_VERSION, type OperatorCommandFact } from "@webhook-gateway/shared/messages/fact.ts";
import { describe, expect, test } from "vitest";
import { rows } from "../support/database.ts";
import { freshRepository, pullRequest, second } from "../support/facts.ts";
import { record, setValidation, timelineOf, validationOf, validationsOf } from "../support/recording.ts";

const cancelOrder = (validation_id: string): OperatorCommandFact => ({
  v: FACT_VERSION,
  kind: "order",
  id: crypto.randomUUID(),
  received_at: second(900),
  order: "cancel",
  actor: "operator:alice",
  validation_id,
});

/** A pull request's validation, in a state. */
async function validationIn(state: string, grainchainId: string | null = null): Promise<string> {
  const repository = freshRepository();
  await record([pullRequest(repository)("opened", "head", 0)]);
  const [queued] = await validationsOf(repository);
  const id = queued?.id ?? "";
  if (state !== "queued") await setValidation(id, { state, grainchain_id: grainchainId });
  return id;
}

const cancelsOf = (id: string) =>
  rows("SELECT grainchain_id, status FROM cancels WHERE validation_id = ?1", id);

describe("an operator's cancel", () => {
  test("stops what waits", async () => {
    const id = await validationIn("queued");
    const order = cancelOrder(id);

    await record([order]);

    expect(await validationOf(id)).toMatchObject({ state: "cancelled" });
    expect((await timelineOf(id)).at(-1)).toMatchObject({
      from_state: "queued",
      to_state: "cancelled",
      reason: "cancelled by operator:alice",
      delivery_id: order.id,
    });
    expect(await cancelsOf(id)).toEqual([]);
  });

  test("stops what runs, at Grainchain too", async () => {
    const id = await validationIn("running", "g-1");

    await record([cancelOrder(id)]);

    expect(await validationOf(id)).toMatchObject({ state: "cancelled" });
    expect(await cancelsOf(id)).toEqual([{ grainchain_id: "g-1", status: "due" }]);
  });

  test("leaves what has finished as it is", async () => {
    const id = await validationIn("queued");
    await record([cancelOrder(id)]);
    const before = await timelineOf(id);

    expect(await record([cancelOrder(id)])).toMatchObject({ verdicts: ["ack"] });

    expect(await timelineOf(id)).toEqual(before);
  });

  test.each(["completed", "failed", "timed_out", "dead"])(
    "stops nothing at Grainchain of what is %s",
    async (state) => {
      const id = await validationIn(state, "g-1");
      await record([cancelOrder(id)]);
      expect(await validationOf(id)).toMatchObject({ state });
      expect(await cancelsOf(id)).toEqual([]);
    },
  );

  test("of a validation that is gone is taken off the queue", async () => {
    expect(await record([cancelOrder("gone")])).toEqual({
      verdicts: ["ack"],
      changed: false,
      requested: false,
    });
  });
});
