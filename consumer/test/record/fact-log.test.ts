import { createLog } from "@webhook-gateway/shared/telemetry/log.ts";
import { beforeEach, describe, expect, test } from "vitest";
import { empty } from "../support/database.ts";
import { callback, freshRepository, note, pullRequest, second, sha } from "../support/facts.ts";
import { clockAt } from "../support/grainchain.ts";
import { record } from "../support/recording.ts";

beforeEach(empty);

/** A log in debug mode or not, and what it wrote. */
function startLog(debug: boolean) {
  const lines: Record<string, unknown>[] = [];
  return { lines, log: createLog({ debug, write: (_, line) => void lines.push(JSON.parse(line)) }) };
}

test("a batch has one line, with how long it took", async () => {
  const { lines, log } = startLog(false);
  const clock = clockAt(3600);
  // Each look at the clock is 7 ms after the one before.
  const now = () => {
    clock.nowMs += 7;
    return new Date(clock.nowMs);
  };
  const fact = pullRequest(freshRepository())("opened", "a", 1);
  await record([fact, fact, note("ping")], { log, now });
  expect(lines).toEqual([
    {
      level: "info",
      event: "record.batch",
      messages: 3,
      duration_ms: 14,
      deliveries: 2,
      validations: 1,
      transitions: 1,
      repeated: 1,
      unreadable: 0,
      unmatched: 0,
      dropped: 0,
      started: 1,
      recorded: 1,
    },
  ]);
  await record([fact, fact], { log });
  expect(lines[1]).toMatchObject({ deliveries: 0, repeated: 2 });
});

describe("in debug mode each fact has a line of its own, with its ids:", () => {
  /** The debug lines of what is recorded after an opened pull request. */
  async function linesOf(facts: Parameters<typeof record>[0]) {
    const { lines, log } = startLog(true);
    await record(facts, { log });
    return lines.filter(({ level }) => level === "debug");
  }

  test("a delivery, and one that was recorded before", async () => {
    const repository = freshRepository();
    const [fact, ping] = [pullRequest(repository)("opened", "a", 1), note("ping")];
    const validation_id = `${repository.id}-pr-12-${sha("a")}-1`;
    expect(await linesOf([fact, ping, fact])).toEqual([
      {
        level: "debug",
        event: "delivery.recorded",
        delivery_id: fact.id,
        outcome: "started",
        reason: null,
        validation_id,
      },
      {
        level: "debug",
        event: "delivery.recorded",
        delivery_id: ping.id,
        outcome: "recorded",
        reason: null,
        validation_id: null,
      },
      { level: "debug", event: "delivery.repeated", delivery_id: fact.id },
    ]);
  });

  test("a callback, whether or not it is anybody's, and never its results", async () => {
    const repository = freshRepository();
    await record([pullRequest(repository)("opened", "a", 1)]);
    const validation_id = `${repository.id}-pr-12-${sha("a")}-1`;
    const facts = [
      callback(repository, validation_id, "running"),
      callback(repository, validation_id, "completed", { results: { secret: "s3cret" } }),
      callback(repository, validation_id, "running"),
      callback(repository, "nobody's", "completed", { id_kind: "any" }),
    ];
    const line = { level: "debug", event: "callback.recorded" };
    const matched = { ...line, outcome: "matched", validation_id };
    const lines = await linesOf(facts);
    expect(lines).toHaveLength(4);
    expect(new Set(lines)).toEqual(
      new Set([
        { ...matched, callback_id: facts[0]?.id, status: "running", state: "running" },
        { ...matched, callback_id: facts[1]?.id, status: "completed", state: "completed" },
        { ...matched, callback_id: facts[2]?.id, status: "running", state: "completed" },
        {
          ...line,
          callback_id: facts[3]?.id,
          status: "completed",
          outcome: "unmatched",
          given_id: "nobody's",
        },
      ]),
    );
    expect(await linesOf(facts.slice(0, 1))).toEqual([
      { level: "debug", event: "callback.repeated", callback_id: facts[0]?.id },
    ]);
  });

  test("an order", async () => {
    const repository = freshRepository();
    await record([pullRequest(repository)("opened", "a", 1)]);
    const validation_id = `${repository.id}-pr-12-${sha("a")}-1`;
    const order = { v: 1 as const, kind: "order" as const, received_at: second(60), validation_id };
    const facts = [
      { ...order, id: "order-1", order: "rerun" as const },
      { ...order, id: "order-2", order: "cancel" as const },
    ];
    const line = { level: "debug", event: "order.recorded", validation_id };
    expect(await linesOf(facts)).toEqual([
      { ...line, order_id: "order-1", order: "rerun", reason: "queued by operator:operator (re-run)" },
      // The re-run has taken its place.
      { ...line, order_id: "order-2", order: "cancel", reason: null },
    ]);
  });
});
