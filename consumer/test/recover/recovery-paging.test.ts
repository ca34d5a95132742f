import { env } from "cloudflare:workers";
import { parseHook } from "@webhook-gateway/shared/github/hook.ts";
import { limitedDatabase } from "@webhook-gateway/shared/store/limited-database.ts";
import { insertReconcile, loadReconcile } from "@webhook-gateway/shared/store/maintain/reconciles.ts";
import { beforeEach, describe, expect, test } from "vitest";
import { badGateway, secondaryRateLimit } from "../../../test/github/client/fault.ts";
import { reconcileAsked, reconcileNew } from "../../src/recover/reconcile-schedule.ts";
import { count, empty, rows } from "../support/database.ts";
import { freshRepository } from "../support/facts.ts";
import { asked, openWorld, type World } from "../support/github.ts";
import { examples } from "../support/hook-deliveries.ts";

beforeEach(empty);

const NAME = "org:octo/5";
const HOOKS = [NAME].flatMap((name) => parseHook(name) ?? []);
const LISTS = /\/deliveries$/;
const PAYLOADS = /\/deliveries\/\d+$/;

const worldOf = (deliveries: ReturnType<typeof examples.pullRequests>) =>
  openWorld({ mode: "token", hooks: [{ kind: "org", owner: "octo", id: 5, deliveries }] });

const recorded = (): Promise<number> => count("SELECT count(*) FROM deliveries");
const progress = async () =>
  JSON.parse(
    (await rows<{ value: string }>("SELECT value FROM settings WHERE name = ?1", `reconcile:${NAME}`))[0]
      ?.value ?? "null",
  );

/** Events that are never recorded, to fill pages with. */
const stars = (total: number, ageSeconds: number) =>
  examples.pullRequests(freshRepository(), total, {
    status_code: 200,
    event: "star",
    action: "created",
    ageSeconds,
    payload: null,
  });

const numbered = <One extends object>(deliveries: readonly One[]): (One & { readonly id: string })[] =>
  deliveries.map((one, index) => ({ ...one, id: String(9_200_000_000_000_000n - BigInt(index)) }));

test("goes on at the next minute with a list of more pages than one scan reads", async () => {
  const lost = examples.pullRequests(freshRepository(), 2, { ageSeconds: 30_000, status_code: 202 });
  const world = await worldOf(numbered([...stars(2300, 300), ...lost]));
  expect(await reconcileNew(world.deps, HOOKS)).toBe(false);
  expect(await progress()).toMatchObject({ failed: { scan: null }, all: { until: "", scan: {} } });
  // What arrives meanwhile is newer than what is left of the scan.
  await world.double.addDeliveries(
    5,
    ...examples
      .pullRequests(freshRepository(), 1, { ageSeconds: 0 })
      .map((one) => ({ ...one, id: "9300000000000000" })),
  );
  expect(await reconcileNew(world.deps, HOOKS)).toBe(true);
  expect(await recorded()).toBe(2);
  expect(await progress()).toMatchObject({ all: { scan: null }, error: null });
  world.pass(301);
  await reconcileNew(world.deps, HOOKS);
  expect(await recorded()).toBe(3);
});

/** Of an invocation that has so many D1 queries left. */
const depsWith = ({ deps }: World, queries: number) => {
  const db = limitedDatabase(deps.db, (perform) => perform(), { left: queries });
  return { ...deps, db, record: { ...deps.record, db } };
};

test("leaves to the next minute what its invocation has no D1 queries for", async () => {
  const world = await worldOf(examples.pullRequests(freshRepository(), 130));
  const counts: number[] = [];
  while ((await recorded()) < 130 && counts.length < 9) {
    expect(await reconcileNew(depsWith(world, 375), HOOKS)).toBe(true);
    counts.push(await recorded());
  }
  expect(counts.length).toBeGreaterThan(2);
  expect(counts.at(-1)).toBe(130);
  expect(await count("SELECT sum(recovered) FROM reconciles")).toBe(130);
});

test("starts over if GitHub no longer takes the stored cursor", async () => {
  const lost = examples.pullRequests(freshRepository(), 3);
  const world = await worldOf(lost);
  const to = new Date(world.clock.nowMs).toISOString();
  const kept = { until: "", scan: { to, cursor: "v1_1" } };
  await rows(
    "INSERT INTO settings (name, value, updated_at) VALUES (?1, ?2, ?3)",
    `reconcile:${NAME}`,
    JSON.stringify({ failed: kept, all: kept }),
    to,
  );
  await reconcileNew(world.deps, HOOKS);
  expect(await progress()).toMatchObject({ error: expect.stringContaining("HTTP 400") });
  for (let turn = 0; turn < 3; turn++) {
    world.pass(301);
    await reconcileNew(world.deps, HOOKS);
  }
  expect(await recorded()).toBe(3);
  expect(await progress()).toMatchObject({ error: null });
});

test("ends a list that leads back to itself", async () => {
  const world = await worldOf([]);
  const link = `<${world.double.url}/orgs/octo/hooks/5/deliveries?cursor=v1_7>; rel="next"`;
  const body = numbered(stars(2, 600)).map(({ payload: _, ...one }) => ({
    ...one,
    id: 7,
    duration: 1,
    redelivery: false,
  }));
  await world.double.fault({ path: "/deliveries$" }, { status: 200, headers: { link }, body }, 0);
  await reconcileNew(world.deps, HOOKS);
  expect((await asked(world, LISTS)).length).toBeLessThanOrEqual(4);
  expect(await progress()).toMatchObject({ all: { scan: null }, error: null });
});

test("keeps and counts what was recovered before a limit, and goes on once it is over", async () => {
  const lost = examples.pullRequests(freshRepository(), 60);
  const world = await worldOf(lost);
  await world.double.fault({ path: `/deliveries/${lost[40]?.id}$` }, secondaryRateLimit(45));
  expect(await reconcileNew(world.deps, HOOKS)).toBe(true);
  const before = await recorded();
  expect(before).toBeGreaterThan(0);
  expect(before).toBeLessThan(41);
  expect(await rows("SELECT status, recovered FROM reconciles")).toEqual([
    { status: "failed", recovered: before },
  ]);

  const sent = (await asked(world, /./)).length;
  world.pass(44);
  await reconcileNew(world.deps, HOOKS);
  expect((await asked(world, /./)).length).toBe(sent);
  world.pass(2);
  await reconcileNew(world.deps, HOOKS);
  expect(await recorded()).toBe(60);
  expect(await count("SELECT sum(recovered) FROM reconciles")).toBe(60);
  expect(await count("SELECT count(*) FROM deliveries WHERE recovered_at IS NOT NULL")).toBe(60);
  // No more than one part of a page is fetched twice.
  expect((await asked(world, PAYLOADS)).length).toBeLessThanOrEqual(60 + 20);
});

test("leaves a part of the budget to reports", async () => {
  const world = await worldOf(examples.pullRequests(freshRepository(), 60));
  const wanted = Array.from({ length: 100 }, () => ({ points: 6, creates: false, minor: false }));
  await world.deps.budgets.take("token", { id: "before", leaseMs: 1 }, wanted, world.clock.nowMs);
  await reconcileNew(world.deps, HOOKS);
  expect((await asked(world, /./)).length).toBeLessThanOrEqual(75);
  world.pass(61);
  await reconcileNew(world.deps, HOOKS);
  expect(await recorded()).toBe(60);
});

test("GitHub being away in the midst of the pages loses no place", async () => {
  const lost = examples.pullRequests(freshRepository(), 250);
  const world = await worldOf(lost);
  await world.double.fault({ path: `/deliveries/${lost[220]?.id}$` }, badGateway);
  await reconcileNew(world.deps, HOOKS);
  expect(await progress()).toMatchObject({ failed: { scan: { cursor: expect.any(String) } } });
  const before = await recorded();
  expect(before).toBeGreaterThanOrEqual(200);
  world.pass(301);
  await reconcileNew(world.deps, HOOKS);
  expect(await recorded()).toBe(250);
});

describe("an operator's search", () => {
  async function ask(world: World, options: { readonly since?: string; readonly dry_run?: boolean } = {}) {
    const id = crypto.randomUUID();
    const request = {
      id,
      requested_by: "mona",
      since: options.since ?? null,
      dry_run: options.dry_run ?? false,
    };
    await insertReconcile(env.DB, request, new Date(world.clock.nowMs).toISOString());
    return id;
  }

  test("that a limit interrupts goes on by itself, and counts it all", async () => {
    const lost = examples.pullRequests(freshRepository(), 60);
    const world = await worldOf(lost);
    await world.double.fault({ path: `/deliveries/${lost[40]?.id}$` }, secondaryRateLimit(45));
    const id = await ask(world);
    expect(await reconcileAsked(world.deps, HOOKS)).toBe(true);
    expect(await loadReconcile(env.DB, id)).toMatchObject({ status: "running", finished_at: null });
    world.pass(44);
    await reconcileAsked(world.deps, HOOKS);
    expect(await recorded()).toBeLessThan(41);
    world.pass(2);
    await reconcileAsked(world.deps, HOOKS);
    expect(await loadReconcile(env.DB, id)).toMatchObject({
      status: "done",
      listed: 60,
      missing: 60,
      recovered: 60,
      error: null,
    });
  });

  test.each([false, true])(
    "that one invocation cannot finish goes on in the next, dry run: %s",
    async (dry_run) => {
      const world = await worldOf(examples.pullRequests(freshRepository(), 130));
      const id = await ask(world, { dry_run });
      // A dry run asks D1 once a page.
      const queries = dry_run ? 351 : 400;
      let invocations = 0;
      for (; (await loadReconcile(env.DB, id))?.finished_at === null && invocations < 9; invocations++) {
        await reconcileAsked(depsWith(world, queries), HOOKS);
        world.pass(60);
      }
      expect(invocations).toBeGreaterThan(1);
      const recovered = dry_run ? 0 : 130;
      expect(await loadReconcile(env.DB, id)).toMatchObject({
        status: "done",
        listed: 130,
        missing: 130,
        recovered,
      });
      expect(await recorded()).toBe(recovered);
    },
  );

  test("that a limit interrupts counts a dry run once", async () => {
    const lost = examples.pullRequests(freshRepository(), 60);
    const world = await worldOf(lost);
    await world.double.fault({ path: `/deliveries/${lost[40]?.id}$` }, secondaryRateLimit(45));
    const id = await ask(world, { dry_run: true });
    await reconcileAsked(world.deps, HOOKS);
    world.pass(46);
    await reconcileAsked(world.deps, HOOKS);
    expect(await loadReconcile(env.DB, id)).toMatchObject({ status: "done", missing: 60, recovered: 0 });
    expect(await recorded()).toBe(0);
  });

  test("looks no further back than it is told", async () => {
    const lost = examples.pullRequests(freshRepository(), 10, { ageSeconds: 5 });
    const world = await worldOf(lost);
    const id = await ask(world, { since: lost[3]?.delivered_at ?? "" });
    await reconcileAsked(world.deps, HOOKS);
    expect(await loadReconcile(env.DB, id)).toMatchObject({ status: "done", listed: 4, recovered: 4 });
  });

  test("is performed once by two consumers, one after the other", async () => {
    const world = await worldOf(examples.pullRequests(freshRepository(), 5));
    const ids = [await ask(world), await ask(world)];
    await Promise.all([reconcileAsked(world.deps, HOOKS), reconcileAsked(world.another(), HOOKS)]);
    const found = await Promise.all(ids.map((id) => loadReconcile(env.DB, id)));
    expect(found.map((one) => one?.status)).toEqual(["done", "done"]);
    expect(await recorded()).toBe(5);
    expect(await count("SELECT count(*) FROM validations")).toBe(5);
  });

  test("continues with the next hook if one fails, and names it", async () => {
    const world = await worldOf(examples.pullRequests(freshRepository(), 2));
    const id = await ask(world);
    await reconcileAsked(world.deps, [
      ...["org:octo/404"].flatMap((name) => parseHook(name) ?? []),
      ...HOOKS,
    ]);
    expect(await loadReconcile(env.DB, id)).toMatchObject({
      status: "failed",
      recovered: 2,
      error: expect.stringMatching(/^org:octo\/404: .*HTTP 404/),
    });
  });

  test("without any hook says what is missing", async () => {
    const world = await worldOf([]);
    const id = await ask(world);
    await reconcileAsked(world.deps, []);
    expect(await loadReconcile(env.DB, id)).toMatchObject({
      status: "failed",
      error: "no hook is configured: RECONCILE_HOOKS",
    });
  });
});
