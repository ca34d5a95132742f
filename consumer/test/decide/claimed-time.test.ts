/** A time from the future makes no later event stale. */
import { env } from "cloudflare:workers";
import type { DeliveryFact } from "@webhook-gateway/shared/messages/fact.ts";
import { beforeEach, describe, expect, test } from "vitest";
import { empty, row, rows } from "../support/database.ts";
import { freshRepository, pullRequest, push, second, sha } from "../support/facts.ts";
import { outcomesOf, recordEach } from "../support/recording.ts";

beforeEach(empty);

const FAR = "2099-01-01T00:00:00.000Z";
const receivedAt = (fact: DeliveryFact, at: number): DeliveryFact => ({ ...fact, received_at: second(at) });

type Repository = ReturnType<typeof freshRepository>;
type Event = (repository: Repository, head: string, at: number, claimed?: string) => DeliveryFact;

const EVENTS: readonly [string, Event][] = [
  [
    "pull_request.updated_at",
    (repository, head, at, updated_at = second(at)) =>
      receivedAt(pullRequest(repository)("synchronize", head, at, { updated_at }), at),
  ],
  [
    "repository.pushed_at",
    (repository, head, at, pushed_at = second(at)) =>
      receivedAt(push(repository, "o", head, at, { pushed_at }), at),
  ],
];

describe.each(EVENTS)("%s", (_, event) => {
  test.each([
    ["in 2099", FAR, second(100)],
    ["5 min and a second ahead", second(401), second(100)],
    ["5 min ahead", second(400), second(400)],
    ["in the past", second(50), second(50)],
  ])("%s", async (_case, claimed, counts) => {
    const repository = freshRepository();
    await recordEach([event(repository, "a", 100, claimed)]);
    expect(await row("SELECT at FROM subjects")).toEqual({ at: counts });
    expect(await row("SELECT occurred_at FROM deliveries")).toEqual({ occurred_at: counts });
  });

  test("a forged one makes no later event stale, received or fetched", async () => {
    const repository = freshRepository();
    const forged = event(repository, "a", 100, FAR);
    const fetched = {
      ...event(repository, "b", 110, FAR),
      recovery: { delivered_at: null, throttled_at: null },
    };
    const genuine = event(repository, "c", 120);
    await recordEach([forged, fetched, genuine]);
    expect(await outcomesOf([forged, fetched, genuine])).toEqual(["started", "started", "started"]);
    expect(await row("SELECT head_sha FROM subjects")).toEqual({ head_sha: sha("c") });
    expect(await rows("SELECT at FROM repository_names WHERE at > ?1", second(200))).toEqual([]);
  });
});

test("a time from before is no longer believed after the migration", async () => {
  const repository = freshRepository();
  const ahead = pullRequest(repository)("opened", "a", 0, { updated_at: FAR });
  await recordEach([
    { ...ahead, received_at: FAR },
    receivedAt(pullRequest(repository, 13)("opened", "x", 5), 5),
  ]);
  const clamp = env.TEST_MIGRATIONS.find(({ name }) => name.includes("clamp_future_times"))?.queries ?? [];
  await env.DB.batch(clamp.map((sql) => env.DB.prepare(sql)));
  const now = new Date(Date.now() + 1000).toISOString();
  expect(await rows("SELECT subject FROM subjects WHERE at <= ?1", now)).toHaveLength(2);
  expect(await rows("SELECT subject FROM subjects WHERE at = ?1", second(5))).toEqual([{ subject: "pr-13" }]);
  expect(await rows("SELECT name FROM repository_names WHERE at > ?1", now)).toEqual([]);
});
