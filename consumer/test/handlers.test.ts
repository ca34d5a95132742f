import {
  createExecutionContext,
  createMessageBatch,
  createScheduledController,
  getQueueResult,
} from "cloudflare:test";
import { env } from "cloudflare:workers";
import type { Fact } from "@webhook-gateway/shared/messages/fact.ts";
import type { Dataset } from "@webhook-gateway/shared/telemetry/telemetry.ts";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import worker from "../src/index.ts";
import { breakable, empty, intercept, row, rows } from "./support/database.ts";
import { callback, freshRepository, note, pullRequest, sha } from "./support/facts.ts";
import { createDouble, take } from "./support/grainchain.ts";
import { outcomesOf, record, validationOf } from "./support/recording.ts";

const [EVENTS, WORK, DEAD] = ["events", "work", "dead"].map(
  (role) => `webhook-gateway-${role}-development`,
) as [string, string, string];

/** What the Worker logged. */
const lines: string[] = [];

beforeEach(async () => {
  await empty();
  lines.length = 0;
  for (const level of ["log", "info", "warn", "error"] as const) {
    vi.spyOn(console, level).mockImplementation((line: unknown) => void lines.push(String(line)));
  }
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

interface Bindings {
  readonly DB?: D1Database;
  readonly WORK?: Pick<Queue, "send">;
  readonly METRICS?: Dataset;
}

/** A work queue that remembers what was sent to it. */
function workQueue(
  send: (message: unknown, options?: QueueSendOptions) => Promise<never> | Promise<void> = async () => {},
) {
  const sent: { message: unknown; options: QueueSendOptions | undefined }[] = [];
  return {
    sent,
    queue: {
      ...env.WORK,
      send: async (message: unknown, options?: QueueSendOptions) => {
        sent.push({ message, options });
        await send(message, options);
        return { metadata: { metrics: { backlogCount: 0, backlogBytes: 0 } } };
      },
    },
  };
}

async function deliver(queue: string, bodies: readonly unknown[], bindings: Bindings = {}, attempts = 1) {
  const messages = bodies.map((body, index) => ({ id: `m${index}`, timestamp: new Date(), attempts, body }));
  const batch = createMessageBatch(queue, messages);
  const delays = batch.messages.map((message) => vi.spyOn(message, "retry"));
  const ctx = createExecutionContext();
  await worker.queue(batch, { ...env, WORK: workQueue().queue, ...bindings } as Env);
  const { outcome, explicitAcks, retryMessages, ackAll, retryBatch } = await getQueueResult(batch, ctx);
  expect([outcome, ackAll, retryBatch.retry]).toEqual(["ok", false, false]);
  return {
    acked: explicitAcks,
    retried: retryMessages.map(({ msgId }) => msgId),
    delays: delays.flatMap((spy) => spy.mock.calls.map(([options]) => options?.delaySeconds)),
  };
}

const down = () => breakable(env.DB, () => new Error("D1_ERROR: Network connection lost."));
const opened = (repository = freshRepository()): Fact => pullRequest(repository)("opened", "a", 1);

/** Stands in for everything that is fetched. */
function stubGrainchain(answer: Parameters<typeof createDouble>[0] = (call) => take(call)) {
  const double = createDouble(answer);
  const local = (input: RequestInfo | URL, init?: RequestInit) =>
    double.fetch(String(input).replace("http://localhost:8080/", "https://grainchain.test/"), init);
  vi.stubGlobal("fetch", local);
  return double;
}

describe("the events queue", () => {
  test("acknowledges each message once its fact is recorded, and wakes the dispatcher", async () => {
    const work = workQueue();
    const facts = [opened(), note("ping")];
    expect(await deliver(EVENTS, facts, { WORK: work.queue })).toEqual({
      acked: ["m0", "m1"],
      retried: [],
      delays: [],
    });
    expect(await outcomesOf(facts)).toEqual(["started", "recorded"]);
    expect(work.sent).toEqual([{ message: { v: 1, kind: "wake-up" }, options: { delaySeconds: 0 } }]);
  });

  test("wakes nobody where nothing is due", async () => {
    const work = workQueue();
    await deliver(EVENTS, [note("ping")], { WORK: work.queue });
    expect(work.sent).toEqual([]);
  });

  test("loses nothing where the wake-up is lost: the cron does the same", async () => {
    const work = workQueue(() => Promise.reject(new Error("queue is down")));
    const repository = freshRepository();
    expect((await deliver(EVENTS, [opened(repository)], { WORK: work.queue })).acked).toEqual(["m0"]);
    expect(work.sent).toHaveLength(1);
    const double = stubGrainchain();
    await worker.scheduled(createScheduledController(), { ...env, WORK: work.queue } as Env);
    expect(double.calls).toHaveLength(1);
    expect((await validationOf(`${repository.id}-pr-12-${sha("a")}-1`)).state).toBe("pending");
  });

  test.each([
    [1, 5],
    [2, 10],
    [5, 80],
    [7, 320],
    [8, 360],
    [100, 360],
  ])("retries each message while D1 is down, attempt %d after %d s", async (attempts, delay) => {
    const facts = [opened(), note("ping")];
    expect(await deliver(EVENTS, facts, { DB: down() }, attempts)).toEqual({
      acked: [],
      retried: ["m0", "m1"],
      delays: [delay, delay],
    });
    expect((await deliver(EVENTS, facts)).acked).toEqual(["m0", "m1"]);
    expect(await outcomesOf(facts)).toEqual(["started", "recorded"]);
  });

  test("acknowledges nothing before it is written", async () => {
    const acked: string[] = [];
    const batch = createMessageBatch(EVENTS, [
      { id: "m0", timestamp: new Date(), attempts: 1, body: opened() },
    ]);
    for (const one of batch.messages) vi.spyOn(one, "ack").mockImplementation(() => void acked.push(one.id));
    const DB = intercept(env.DB, () => expect(acked).toEqual([]));
    await worker.queue(batch, { ...env, DB, WORK: workQueue().queue } as Env);
    expect(acked).toEqual(["m0"]);
  });

  test("lets a message that is no fact die at once, alone", async () => {
    const good = note("ping");
    expect((await deliver(EVENTS, ["poison", good, null])).acked).toEqual(["m0", "m1", "m2"]);
    expect(await rows("SELECT id, class FROM dead_letters ORDER BY id")).toEqual([
      { id: "fact-m0", class: "unreadable" },
      { id: "fact-m2", class: "unreadable" },
    ]);
    expect(await outcomesOf([good])).toEqual(["recorded"]);
  });

  test("holds up nothing for a fact whose decision fails", async () => {
    const repository = freshRepository();
    await record([opened(repository)]);
    await env.DB.prepare("UPDATE subjects SET edges = 'no JSON' WHERE repository_id = ?1")
      .bind(repository.id)
      .run();
    const bad = pullRequest(repository)("synchronize", "b", 2, { before: sha("a") });
    const good = [opened(), note("ping")];
    expect(await deliver(EVENTS, [good[0], bad, good[1]])).toEqual({
      acked: ["m0", "m2"],
      retried: ["m1"],
      delays: [5],
    });
    expect(await outcomesOf(good)).toEqual(["started", "recorded"]);
  });

  test("takes a batch of none", async () => {
    expect(await deliver(EVENTS, [])).toEqual({ acked: [], retried: [], delays: [] });
  });
});

describe("the dead-letter queue", () => {
  test("has each fact kept with all that a replay needs", async () => {
    const repository = freshRepository();
    const facts = [opened(repository), callback(repository, "some-id", "completed", { results: { n: 1 } })];
    expect((await deliver(DEAD, [...facts, "poison"], {}, 4)).acked).toEqual(["m0", "m1", "m2"]);
    expect(await row("SELECT * FROM dead_letters WHERE id = ?1", `fact-${facts[0]?.id}`)).toMatchObject({
      kind: "fact",
      class: "unrecorded",
      attempts: 4,
      repository: repository.full_name,
      delivery_id: facts[0]?.id,
      validation_id: null,
      status: "open",
      body: JSON.stringify(facts[0]),
    });
    expect(await row("SELECT * FROM dead_letters WHERE id = ?1", `fact-${facts[1]?.id}`)).toMatchObject({
      delivery_id: null,
      validation_id: "some-id",
    });
    const { body } = await row<{ body: string }>(
      "SELECT body FROM dead_letters WHERE id = ?1",
      `fact-${facts[1]?.id}`,
    );
    expect(JSON.parse(body)).toEqual(facts[1]);
    expect(await row("SELECT class FROM dead_letters WHERE id = 'fact-m2'")).toEqual({ class: "unreadable" });
  });

  test("tells one death once, however often it is delivered", async () => {
    const fact = opened();
    await deliver(DEAD, [fact, fact]);
    await deliver(DEAD, [fact]);
    expect(await rows("SELECT id FROM dead_letters")).toHaveLength(1);
  });

  test.each([
    [1, 60],
    [2, 120],
    [8, 7680],
    [9, 10800],
    [100, 10800],
  ])("keeps its messages while D1 is down, attempt %d for %d s", async (attempts, delay) => {
    const fact = opened();
    expect(await deliver(DEAD, [fact], { DB: down() }, attempts)).toEqual({
      acked: [],
      retried: ["m0"],
      delays: [delay],
    });
    expect(await rows("SELECT id FROM dead_letters")).toEqual([]);
  });

  test("asks D1 once, not once a message, while it is down", async () => {
    let trips = 0;
    const DB = breakable(env.DB, () => {
      trips++;
      return new Error("D1_ERROR: Network connection lost.");
    });
    await deliver(
      DEAD,
      Array.from({ length: 16 }, () => opened()),
      { DB },
    );
    expect(trips).toBe(1);
  });
});

describe("the work queue", () => {
  test("dispatches what is due, and acknowledges", async () => {
    const repository = freshRepository();
    await record([opened(repository)]);
    const double = stubGrainchain();
    expect(
      (
        await deliver(WORK, [
          { v: 1, kind: "wake-up" },
          { v: 1, kind: "wake-up" },
        ])
      ).acked,
    ).toEqual(["m0", "m1"]);
    expect(double.calls).toHaveLength(1);
    const token = String(double.calls[0]?.requests[0]?.webhook_url);
    expect(token).toMatch(/^http:\/\/localhost:8787\/callbacks\//);
  });

  test("sends the next wake-up for when something is due again", async () => {
    await record([opened()]);
    const work = workQueue();
    stubGrainchain(() => Response.json({}, { status: 429, headers: { "retry-after": "30" } }));
    await deliver(WORK, [{ v: 1, kind: "wake-up" }], { WORK: work.queue });
    expect(work.sent).toEqual([
      {
        message: { v: 1, kind: "wake-up" },
        options: { delaySeconds: expect.toSatisfy((s) => s >= 29 && s <= 30) },
      },
    ]);
  });

  test("puts a wake-up off for no more than ten minutes", async () => {
    const repository = freshRepository();
    await record([opened(repository), pullRequest(repository, 13)("opened", "b", 2)]);
    const backOff = env.DB.prepare("UPDATE validations SET due_at = ?1 WHERE pr_number = ?2");
    await env.DB.batch([
      backOff.bind(new Date(Date.now() - 1000).toISOString(), 12),
      backOff.bind(new Date(Date.now() + 20 * 60_000).toISOString(), 13),
    ]);
    const work = workQueue();
    stubGrainchain();
    await deliver(WORK, [{ v: 1, kind: "wake-up" }], { WORK: work.queue });
    expect(work.sent.map(({ options }) => options?.delaySeconds)).toContain(600);
  });

  test("cancels and reports although dispatching fails", async () => {
    const repository = freshRepository();
    const id = `${repository.id}-pr-12-${sha("a")}-1`;
    await record([opened(repository)]);
    await env.DB.prepare(
      "UPDATE validations SET state = 'running', grainchain_id = 'g', version = 9 WHERE id = ?1",
    )
      .bind(id)
      .run();
    await record([pullRequest(repository)("closed", "a", 2)]);
    // A gate that nobody can read.
    await env.DB.prepare(
      "INSERT INTO settings (name, value, updated_at) VALUES ('gate:grainchain', '{', '')",
    ).run();
    stubGrainchain(() => Response.json({}));
    expect(await deliver(WORK, [{ v: 1, kind: "wake-up" }])).toEqual({
      acked: [],
      retried: ["m0"],
      delays: [5],
    });
    expect(await row("SELECT status FROM cancels WHERE validation_id = ?1", id)).toEqual({ status: "done" });
    expect(await row("SELECT status FROM reports WHERE validation_id = ?1", id)).toEqual({
      status: "skipped",
    });
  });

  test("retries a wake-up while D1 is down", async () => {
    stubGrainchain();
    expect((await deliver(WORK, [{ v: 1, kind: "wake-up" }], { DB: down() })).retried).toEqual(["m0"]);
  });
});

test("the cron fails for nobody while D1 is down", async () => {
  stubGrainchain();
  await worker.scheduled(createScheduledController(), { ...env, DB: down(), WORK: workQueue().queue } as Env);
  expect(lines.join("\n")).toContain("effect.failed");
});

test("every batch and every end is counted in the dataset, by its outcome", async () => {
  const points: Parameters<Dataset["writeDataPoint"]>[0][] = [];
  const METRICS: Dataset = { writeDataPoint: (point) => points.push(point) };
  stubGrainchain(() => Response.json({ detail: "no such key" }, { status: 401 }));
  await deliver(EVENTS, [opened(), note("ping")], { METRICS });
  await deliver(WORK, [{ v: 1, kind: "wake-up" }], { METRICS });
  const counted = points.map(({ blobs: [event, , name], doubles: [, , count] }) => [event, name, count]);
  expect(counted).toEqual(
    expect.arrayContaining([
      ["record.batch", "", 2],
      ["record.batch", "started", 1],
      ["record.batch", "recorded", 1],
      ["dispatch.batch", "", 1],
      ["dispatch.batch", "configuration", 1],
    ]),
  );
});

test("no line of any of this holds a token, a secret or a payload", async () => {
  const repository = freshRepository();
  stubGrainchain();
  await deliver(EVENTS, [opened(repository), "s3cret payload"]);
  await deliver(WORK, [{ v: 1, kind: "wake-up" }]);
  await deliver(DEAD, ["s3cret payload"]);
  expect(lines.length).toBeGreaterThan(3);
  for (const line of lines) {
    expect(JSON.parse(line)).toMatchObject({ worker: "consumer", event: expect.any(String) });
    expect(line).not.toMatch(/s3cret|test callback secret|callbacks\//);
  }
});
