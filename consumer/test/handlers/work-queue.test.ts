import { env } from "cloudflare:workers";
import type { Dataset } from "@webhook-gateway/shared/telemetry/telemetry.ts";
import { describe, expect, test } from "vitest";
import { row } from "../support/database.ts";
import { freshRepository, note, pullRequest, sha } from "../support/facts.ts";
import { record } from "../support/recording.ts";
import {
  DEAD,
  deliver,
  down,
  EVENTS,
  lines,
  opened,
  stubGrainchain,
  useWorker,
  WORK,
  workQueue,
} from "./support.ts";

useWorker();

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
    await record([pullRequest(repository)("closed", "a", 2), opened()]);
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
