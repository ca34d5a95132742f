import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, inject, test } from "vitest";
import { Random } from "../../../test/support/random.ts";
import { replay } from "../replay/support.ts";
import { count, empty, faulty, rows, rowsReadBy } from "../support/database.ts";
import { freshRepository, pullRequest } from "../support/facts.ts";
import { record } from "../support/recording.ts";
import {
  ALL,
  AWAY,
  FULL,
  openSink,
  outbox,
  REFUSED,
  recordFor,
  sinkGate,
  statesOf,
  validate,
} from "./support.ts";

beforeEach(empty);

test("sends every state change, in order, and keeps none that was sent", async () => {
  const sink = openSink();
  const ids = await validate(freshRepository(), 3);
  await sink.send();
  for (const id of ids) expect(statesOf(sink.received, id)).toEqual(ALL);
  expect(sink.received).toHaveLength(15);
  expect(new Set(sink.received.map(({ id }) => id)).size).toBe(15);
  expect(await outbox()).toEqual([]);
  expect(await sinkGate()).toEqual({ state: "open" });
});

test("writes nothing without a sink", async () => {
  await record([pullRequest(freshRepository())("opened", "a", 1)]);
  expect(await outbox()).toEqual([]);
});

test("sends each change of one decision, and nothing for a fact that comes again", async () => {
  const sink = openSink();
  const repository = freshRepository();
  const [opened, pushed] = [
    pullRequest(repository)("opened", "a", 1),
    pullRequest(repository)("synchronize", "b", 2),
  ];
  await recordFor(opened, pushed);
  await recordFor(opened, pushed);
  await sink.send();
  expect(sink.received.map(({ state }) => state).toSorted()).toEqual(["queued", "queued", "superseded"]);
});

describe("a sink that is away", () => {
  test("for 30 hours gets everything in the end, in order, and kills nothing", async () => {
    let isAway = true;
    const sink = openSink(() => (isAway ? AWAY : "sent"));
    const ids = await validate(freshRepository(), 4);
    for (let quarter = 0; quarter < 120; quarter++) {
      await sink.send();
      sink.pass(900);
    }
    expect(await sinkGate()).toMatchObject({ state: "closed", reason: "unavailable" });
    expect(sink.asked.length).toBeLessThan(200);
    isAway = false;
    for (let turn = 0; turn < 5; turn++) {
      sink.pass(900);
      await sink.send();
    }
    for (const id of ids) expect(statesOf(sink.received, id)).toEqual(ALL);
    expect(await outbox()).toEqual([]);
    expect(await count("SELECT count(*) FROM dead_letters")).toBe(0);
  });

  test.each([
    ["full", FULL, "backpressure"],
    ["closed to us", { class: "configuration", error: "the sink answered HTTP 401" }, "configuration"],
  ] as const)("because it is %s is left alone, at no cost", async (_, failure, reason) => {
    const sink = openSink(() => failure);
    await validate(freshRepository(), 2);
    await sink.send();
    await sink.send();
    expect(sink.asked).toHaveLength(1);
    expect(await sinkGate()).toMatchObject({ state: "closed", reason });
    expect(await count("SELECT max(attempts) FROM outgoing_events")).toBe(0);
    sink.pass(60);
    await sink.send();
    expect(sink.asked).toHaveLength(2);
  });
});

describe("an event that the sink never takes", () => {
  test("by failing dies after eight attempts, and holds up only its validation", async () => {
    const repository = freshRepository();
    const [bad = "", good = ""] = await validate(repository, 2);
    const sink = openSink(({ subject, state }) => (subject === bad && state === "pending" ? AWAY : "sent"));
    await sink.send();
    expect(statesOf(sink.received, bad)).toEqual(["queued", "dispatching"]);
    expect(statesOf(sink.received, good)).toEqual(ALL);
    for (let turn = 0; turn < 9; turn++) {
      sink.pass(1000);
      await validate(freshRepository(), 1);
      await sink.send();
    }
    expect(statesOf(sink.received, bad)).toEqual(ALL.filter((state) => state !== "pending"));
    expect(await rows("SELECT kind, class, attempts, validation_id FROM dead_letters")).toEqual([
      { kind: "event", class: "retryable", attempts: 8, validation_id: bad },
    ]);
  });

  test("by refusing is a dead letter at once, and is sent by a replay under its id", async () => {
    let isRefusing = true;
    const sink = openSink(({ state }) => (isRefusing && state !== "queued" ? REFUSED : "sent"));
    const [id = ""] = await validate(freshRepository(), 1);
    await sink.send();
    expect(statesOf(sink.received, id)).toEqual(["queued"]);
    expect(await outbox()).toEqual([]);
    const dead = await rows<{ id: string; error: string }>(
      "SELECT id, error FROM dead_letters ORDER BY died_at, id",
    );
    expect(dead.map(({ id: deadId }) => deadId)).toEqual(sink.asked.slice(1).map((one) => `event-${one.id}`));
    expect(dead[0]?.error).toBe("the sink answered HTTP 422");
    isRefusing = false;
    await replay({ filter: { kind: "event" } });
    await sink.send();
    expect(statesOf(sink.received, id)).toEqual(ALL);
    expect(sink.asked.slice(5)).toEqual(sink.asked.slice(1, 5));
    expect(await rows("SELECT DISTINCT status, outcome FROM dead_letters")).toEqual([
      { status: "replayed", outcome: "due again" },
    ]);
  });
});

test("what was sent before a crash is sent again under the same id, and before what follows it", async () => {
  const sink = openSink();
  const [id = ""] = await validate(freshRepository(), 1);
  let trips = 0;
  const crashing = faulty(env.DB, () => (++trips > 2 ? "before" : "never"));
  await expect(sink.send(crashing)).rejects.toThrow("injected");
  expect(sink.received).toHaveLength(5);
  await sink.send();
  expect(sink.received).toHaveLength(5);
  sink.pass(1000);
  await sink.send();
  expect(sink.received.slice(5)).toEqual(sink.received.slice(0, 5));
  expect(statesOf(sink.received, id)).toEqual(ALL);
  expect(await outbox()).toEqual([]);
});

test("consumers at once send nothing twice, and a validation's events one after the other", async () => {
  const under = new Set<string>();
  const sink = openSink(async ({ subject }) => {
    expect(under).not.toContain(subject);
    under.add(subject);
    await new Promise((resolve) => setTimeout(resolve, 1));
    under.delete(subject);
    return "sent" as const;
  });
  const ids = await validate(freshRepository(), 30);
  await Promise.all([sink.send(), sink.send(), sink.send()]);
  for (const id of ids) expect(statesOf(sink.received, id)).toEqual(ALL);
  expect(sink.received).toHaveLength(150);
});

test("whatever the sink does, nothing is missing and nothing is out of order", async () => {
  const random = new Random(inject("amount").seed);
  const sink = openSink(() => {
    if (random.chance(0.1)) return AWAY;
    return random.chance(0.05) ? FULL : "sent";
  });
  const repository = freshRepository();
  const ids: string[] = [];
  for (let turn = 0; turn < 40; turn++) {
    if (turn < 5) ids.push(...(await validate({ ...repository, id: repository.id * 100 + turn }, 4)));
    const db = faulty(env.DB, () => (random.chance(0.05) ? random.pick(["before", "after"]) : "never"));
    await sink.send(db).catch(() => {});
    sink.pass(700);
  }
  for (const id of ids) expect(statesOf(sink.received, id)).toEqual(ALL);
  expect(await outbox()).toEqual([]);
});

test("a claim costs the same, however many events there are", async () => {
  const sink = openSink();
  const [id = ""] = await validate(freshRepository(), 1);
  await sink.send();
  await env.DB.prepare(
    `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
     INSERT INTO outgoing_events (validation_id, sequence, at, to_state, reason)
     SELECT ?1 || '-' || (i / 5), i, '2026-11-30T10:00:00.000Z', 'queued', 'test' FROM n`,
  )
    .bind(id)
    .run();
  const read = await rowsReadBy((db) => sink.send(db));
  // 20 rounds of one invocation; without a window each of them would read everything.
  expect(read / 20).toBeLessThan(8000);
});
