import { env } from "cloudflare:workers";
import { parseHook } from "@webhook-gateway/shared/github/hook.ts";
import { insertReconcile, loadReconcile } from "@webhook-gateway/shared/store/maintain/reconciles.ts";
import { beforeEach, describe, expect, test } from "vitest";
import { badGateway, primaryRateLimit, repeatedEntries } from "../../../test/github/client/fault.ts";
import { reconcileAsked, reconcileNew } from "../../src/recover/reconcile-schedule.ts";
import { count, empty, rows } from "../support/database.ts";
import { freshRepository } from "../support/facts.ts";
import { openWorld, type World, type WorldOptions } from "../support/github.ts";
import { examples } from "../support/hook-deliveries.ts";

beforeEach(empty);

const HOOKS = ["org:octo/5"].flatMap((name) => parseHook(name) ?? []);

/** A world whose organization hook has these deliveries. */
function worldOf(deliveries: ReturnType<typeof examples.pullRequests>, options: Partial<WorldOptions> = {}) {
  const hooks = [{ kind: "org" as const, owner: "octo", id: 5, deliveries }];
  return openWorld({ mode: "token", hooks, ...options });
}

const recordedIds = async (): Promise<string[]> =>
  (await rows<{ id: string }>("SELECT id FROM deliveries ORDER BY id")).map(({ id }) => id);

const payloadsFetched = async ({ double }: World): Promise<number> =>
  (await double.requests()).filter(({ operation_id }) => operation_id === "orgs/get-webhook-delivery").length;

const guidsOf = (deliveries: readonly { readonly guid: string }[]): string[] =>
  [...new Set(deliveries.map(({ guid }) => guid))].toSorted();

test("fetches forty deliveries that failed, over several pages, each exactly once", async () => {
  const repository = freshRepository();
  const lost = examples.pullRequests(repository, 140, { status_code: 502 });
  const failed = lost.slice(0, 40);
  // Around them a hundred that came, and are recorded; five of the failed ones came after all, and one runs.
  const came = [...lost.slice(40), ...failed.slice(0, 5)];
  const world = await worldOf(lost.map((one) => (failed.includes(one) ? one : { ...one, status_code: 202 })));
  await world.record(...came.map((one) => examples.factOf(one, repository)));
  await rows(
    "UPDATE validations SET state = 'running', grainchain_id = 'gc', lease_id = NULL WHERE pr_number = 1",
  );

  expect(await reconcileNew(world.deps, HOOKS)).toBe(true);
  expect(await recordedIds()).toEqual(guidsOf(lost));
  expect(await payloadsFetched(world)).toBe(35);
  expect(await count("SELECT count(*) FROM deliveries WHERE recovered_at IS NOT NULL")).toBe(35);
  expect(await count("SELECT count(*) FROM validations")).toBe(140);
  expect(await rows("SELECT missing, recovered FROM reconciles")).toEqual([{ missing: 35, recovered: 35 }]);

  world.pass(600);
  expect(await reconcileNew(world.deps, HOOKS)).toBe(false);
  expect(await payloadsFetched(world)).toBe(35);
});

describe("a delivery without a row", () => {
  test.each([
    ["answered 202", { status_code: 202 }, 1],
    ["answered 200, so that it was read and ignored", { status_code: 200 }, 0],
    ["that nobody answered", { status_code: 0 }, 1],
    ["of an event that is never recorded", { status_code: 502, event: "star", action: "created" }, 0],
  ])("%s is fetched %s %i times", async (_, given, times) => {
    const repository = freshRepository();
    const world = await worldOf(examples.pullRequests(repository, 1, given));
    await reconcileNew(world.deps, HOOKS);
    expect(await payloadsFetched(world)).toBe(times);
    expect(await recordedIds()).toHaveLength(times);
  });

  test("that is older than 70 hours is left alone", async () => {
    const old = examples.pullRequests(freshRepository(), 1, { ageSeconds: 71 * 3600 });
    const world = await worldOf(old);
    await reconcileNew(world.deps, HOOKS);
    expect(await payloadsFetched(world)).toBe(0);
  });

  test("that may still be in the queue is left to the next scan", async () => {
    const world = await worldOf(examples.pullRequests(freshRepository(), 1, { ageSeconds: 60 }));
    await reconcileNew(world.deps, HOOKS);
    expect(await recordedIds()).toEqual([]);
    world.pass(301);
    await reconcileNew(world.deps, HOOKS);
    expect(await recordedIds()).toHaveLength(1);
  });

  test("whose payload GitHub no longer has is requested again", async () => {
    const world = await worldOf(examples.pullRequests(freshRepository(), 2, { payload: null }));
    await reconcileNew(world.deps, HOOKS);
    expect((await world.double.state()).redeliveries).toHaveLength(2);
    expect(await rows("SELECT recovered, redelivered FROM reconciles")).toEqual([
      { recovered: 0, redelivered: 2 },
    ]);
  });
});

test("keeps when GitHub held a delivery back and when it sent it", async () => {
  const repository = freshRepository();
  const [one] = examples.pullRequests(repository, 1, { status_code: 202, throttled: true });
  if (one === undefined) throw new Error("no delivery");
  const world = await worldOf([one]);
  await world.record(examples.factOf(one, repository));
  await reconcileNew(world.deps, HOOKS);
  expect(await rows("SELECT delivered_at, throttled_at, recovered_at FROM deliveries")).toEqual([
    { delivered_at: one.delivered_at, throttled_at: one.throttled_at, recovered_at: null },
  ]);
});

describe("if GitHub", () => {
  test("repeats what a page had, nothing is recorded twice", async () => {
    const lost = examples.pullRequests(freshRepository(), 150);
    const world = await worldOf(lost);
    await world.double.fault({ operation_id: "orgs/list-webhook-deliveries" }, repeatedEntries(20), 0);
    await reconcileNew(world.deps, HOOKS);
    expect(await recordedIds()).toEqual(guidsOf(lost));
    expect(await payloadsFetched(world)).toBe(150);
  });

  test("is away, the same is looked at again five minutes later", async () => {
    const lost = examples.pullRequests(freshRepository(), 3);
    const world = await worldOf(lost);
    await world.double.fault({ operation_id: "orgs/list-webhook-deliveries" }, badGateway);
    expect(await reconcileNew(world.deps, HOOKS)).toBe(false);
    world.pass(301);
    expect(await reconcileNew(world.deps, HOOKS)).toBe(true);
    expect(await recordedIds()).toEqual(guidsOf(lost));
  });

  test("sets a limit in the middle, the scan goes on once it is over", async () => {
    const lost = examples.pullRequests(freshRepository(), 12);
    const world = await worldOf(lost);
    await world.double.fault({ path: "/deliveries/\\d+$" }, primaryRateLimit(120, 403, world.clock.nowMs), 4);
    await reconcileNew(world.deps, HOOKS);
    await world.double.clearFaults();
    world.pass(301);
    await reconcileNew(world.deps, HOOKS);
    expect(await recordedIds()).toEqual(guidsOf(lost));
  });
});

test("two consumers at once record nothing twice", async () => {
  const lost = examples.pullRequests(freshRepository(), 30);
  const world = await worldOf(lost);
  await Promise.all([reconcileNew(world.deps, HOOKS), reconcileNew(world.another(), HOOKS)]);
  expect(await recordedIds()).toEqual(guidsOf(lost));
  expect(await count("SELECT count(*) FROM validations")).toBe(30);
});

describe("an operator's search", () => {
  const ask = async (world: World, dry_run: boolean) => {
    const id = crypto.randomUUID();
    const request = { id, requested_by: "mona", since: null, dry_run };
    await insertReconcile(env.DB, request, new Date(world.clock.nowMs).toISOString());
    await reconcileAsked(world.deps, HOOKS);
    return loadReconcile(env.DB, id);
  };

  test("counts without recording if it is a dry run, and records if it is not", async () => {
    const lost = examples.pullRequests(freshRepository(), 3);
    const world = await worldOf(lost);
    expect(await ask(world, true)).toMatchObject({ status: "done", listed: 3, missing: 3, recovered: 0 });
    expect(await recordedIds()).toEqual([]);
    expect(await ask(world, false)).toMatchObject({ status: "done", listed: 3, missing: 3, recovered: 3 });
    expect(await ask(world, false)).toMatchObject({ status: "done", listed: 3, missing: 0, recovered: 0 });
  });

  test("has GitHub's answer if it failed", async () => {
    const world = await openWorld({ mode: "token", repositories: ["octo/widgets"] });
    expect(await ask(world, false)).toMatchObject({
      status: "failed",
      error: expect.stringContaining("404"),
    });
  });
});
