import { createMessageBatch } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test, vi } from "vitest";
import { intercept, rows } from "../support/database.ts";
import { freshRepository, note, pullRequest, sha } from "../support/facts.ts";
import { outcomesOf, record, validationOf } from "../support/recording.ts";
import {
  consume,
  cron,
  deliver,
  down,
  EVENTS,
  opened,
  stubGrainchain,
  useWorker,
  workQueue,
} from "./support.ts";

useWorker();

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

  test("wakes nobody if nothing is due", async () => {
    const work = workQueue();
    await deliver(EVENTS, [note("ping")], { WORK: work.queue });
    expect(work.sent).toEqual([]);
  });

  test("loses nothing if the wake-up is lost: the cron does the same", async () => {
    const work = workQueue(() => Promise.reject(new Error("queue is down")));
    const repository = freshRepository();
    expect((await deliver(EVENTS, [opened(repository)], { WORK: work.queue })).acked).toEqual(["m0"]);
    expect(work.sent).toHaveLength(1);
    const double = stubGrainchain();
    await cron({ WORK: work.queue });
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
    await consume(batch, { DB });
    expect(acked).toEqual(["m0"]);
  });

  test("lets a message that is not a fact die alone, once a newer version had time to be deployed", async () => {
    const good = note("ping");
    expect(await deliver(EVENTS, ["poison", good, null])).toMatchObject({
      acked: ["m1"],
      retried: ["m0", "m2"],
      delays: [5, 5],
    });
    expect((await deliver(EVENTS, ["poison", good, null], {}, 8)).acked).toEqual(["m0", "m1", "m2"]);
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
