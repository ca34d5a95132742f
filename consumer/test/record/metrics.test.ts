/** What scrapers are told, from recording to reporting. */
import { env } from "cloudflare:workers";
import { loadMetrics } from "@webhook-gateway/shared/store/metrics.ts";
import { recountTallies } from "@webhook-gateway/shared/store/tallies.ts";
import { beforeEach, expect, test } from "vitest";
import { dispatchDue } from "../../src/dispatch/dispatch.ts";
import { empty, rows } from "../support/database.ts";
import { callback, freshRepository, pullRequest, second, sha } from "../support/facts.ts";
import { openWorld } from "../support/github.ts";
import { createDouble, effectDeps, take } from "../support/grainchain.ts";
import { record } from "../support/recording.ts";

beforeEach(empty);

/** Received at second 0. */
const at = (seconds: number) => ({ now: () => new Date(second(seconds)) });

async function run() {
  const repository = freshRepository();
  const id = `${repository.id}-pr-1-${sha("a")}-1`;
  const opened = pullRequest(repository, 1)("opened", "a", 1);
  await record([opened], at(2));
  await record([opened], at(3));
  await dispatchDue(
    effectDeps(
      createDouble((call) => take(call)),
      { clock: { nowMs: Date.parse(second(5)) } },
    ),
  );
  await record([callback(repository, id, "completed", { pr_number: 1 })], at(45));
  return { repository, id };
}

test("each stage is counted once, with the time that it took", async () => {
  await run();
  expect(await loadMetrics(env.DB)).toMatchObject({
    "recorded started": 1,
    "record 1000-2500": 1,
    "record sum": 2000,
    "dispatch 2500-5000": 1,
    "dispatch sum": 3000,
    "finish 30000-60000": 1,
    "finish sum": 40_000,
    "finished success": 1,
  });
});

test("what is replayed, fetched or repeated says nothing about times", async () => {
  const repository = freshRepository();
  const fetched = {
    ...pullRequest(repository, 1)("opened", "a", 1),
    recovery: { delivered_at: second(1), throttled_at: null },
  };
  await record([fetched], at(10));
  const metrics = await loadMetrics(env.DB);
  expect(metrics).toEqual({ "recorded started": 1 });
});

test("a report counts by its result, and its delay if it is final", async () => {
  const repository = freshRepository();
  const world = await openWorld({ mode: "token", repositories: [repository.full_name] });
  await world.record(pullRequest(repository, 1)("opened", "a", 1));
  await world.report();
  const id = `${repository.id}-pr-1-${sha("a")}-1`;
  await world.record(callback(repository, id, "completed", { pr_number: 1 }));
  world.pass(4);
  await world.report();
  expect(await loadMetrics(env.DB)).toMatchObject({
    "reports posted": 2,
    "report 2500-5000": 1,
    "report sum": 4000,
  });
});

test("percentiles by hour are those of the buckets, and can be counted again", async () => {
  await run();
  await run();
  const hours = () =>
    rows<object>("SELECT p50_ms, p95_ms, p99_ms, validations, mean_duration_ms FROM v_hourly");
  const kept = await hours();
  expect(kept).toEqual([
    { p50_ms: 45_000, p95_ms: 58_500, p99_ms: 59_700, validations: 2, mean_duration_ms: 43_000 },
  ]);
  await recountTallies(env.DB);
  expect(await hours()).toEqual(kept);
});

test.each(["no JSON", "{}", "[]"])("counting starts anew if what is stored is %s", async (stored) => {
  await env.DB.prepare("INSERT INTO settings (name, value, updated_at) VALUES ('metrics', ?1, ?2)")
    .bind(stored, second(0))
    .run();
  await record([pullRequest(freshRepository(), 1)("opened", "a", 1)], at(2));
  expect(await loadMetrics(env.DB)).toMatchObject({ "recorded started": 1, "record sum": 2000 });
});
