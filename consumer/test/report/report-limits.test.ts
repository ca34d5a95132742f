import { beforeEach, describe, expect, test } from "vitest";
import { primaryRateLimit, secondaryRateLimit } from "../../../test/github/client/fault.ts";
import { count, empty, rows } from "../support/database.ts";
import { callback, freshRepository } from "../support/facts.ts";
import {
  asked,
  gateOf,
  openWorld,
  queueHeads,
  type Repository,
  reportOf,
  told,
  type World,
} from "../support/github.ts";

beforeEach(async () => {
  await empty();
});

const CREATES = /\/(check-runs|statuses\/\w+)$/;

/** Two repositories, each of an installation of its own. */
async function twoInstallations() {
  const [one, other] = [freshRepository(), freshRepository()];
  const world = await openWorld({ mode: "app", repositories: [one.full_name, other.full_name] });
  const ofOne = new RegExp(`^/repos/${one.full_name}/check-runs`);
  const ofOther = new RegExp(`^/repos/${other.full_name}/check-runs`);
  return { world, one, other, ofOne, ofOther };
}

const limitOne = (world: World, repository: Repository, seconds: number) =>
  world.double.fault({ path: `^/repos/${repository.full_name}/check-runs` }, secondaryRateLimit(seconds));

const postedIn = (repository: Repository): Promise<number> =>
  count("SELECT count(*) FROM reports WHERE status = 'posted' AND repository_id = ?1", repository.id);

/** Spends so much of a credential's budget on what was posted before. */
const spend = (world: World, name: string, creates: number) =>
  world.deps.budgets.take(
    name,
    { id: "before", leaseMs: 1 },
    Array.from({ length: creates }, () => ({ points: 5, creates: true, minor: false })),
    world.clock.nowMs,
  );

test("sends nothing for 30 s to an installation that GitHub limits, and goes on with another", async () => {
  const { world, one, other, ofOne, ofOther } = await twoInstallations();
  await queueHeads(world, one, 30);
  await queueHeads(world, other, 30);
  await limitOne(world, one, 30);
  const wakeAt = await world.report();
  expect(await asked(world, ofOne)).toEqual([403]);
  expect((await asked(world, ofOther)).length).toBe(30);
  expect(wakeAt).toContain(new Date(world.clock.nowMs + 30_000).toISOString());
  expect(await count("SELECT sum(attempts) FROM reports")).toBe(0);

  for (const seconds of [1, 14, 14]) {
    world.pass(seconds);
    await world.report();
    await world.report(world.another());
  }
  expect(await asked(world, ofOne)).toEqual([403]);
  await queueHeads(world, other, 5, 100);
  await world.report();
  expect(await postedIn(other)).toBe(35);

  world.pass(1);
  await world.report();
  expect(await postedIn(one)).toBe(30);
  expect(await asked(world, ofOne)).toEqual([403, ...Array(30).fill(201)]);
  expect(await gateOf()).toBeNull();
});

test("tells the consumers that are in the midst of sending", async () => {
  const { world, one, ofOne } = await twoInstallations();
  await queueHeads(world, one, 75);
  await world.double.fault({ path: `^/repos/${one.full_name}/check-runs` }, secondaryRateLimit(30), 1);
  await Promise.all([world.deps, world.another(), world.another()].map((deps) => world.report(deps)));
  // Each may have the five under way for which it asked before the limit was known.
  expect((await asked(world, ofOne)).length).toBeLessThanOrEqual(3 * 6);
  world.pass(29);
  await world.report();
  expect((await asked(world, ofOne)).length).toBeLessThanOrEqual(3 * 6);
});

test("sends nothing after a limit although the budget cannot be informed", async () => {
  const { world, one, ofOne } = await twoInstallations();
  await queueHeads(world, one, 1, 100);
  await world.report();
  await queueHeads(world, one, 20);
  await limitOne(world, one, 30);
  const settle = () => Promise.reject(new Error("the object is away"));
  await world.report({ ...world.deps, budgets: { ...world.deps.budgets, settle } });
  expect(await asked(world, ofOne)).toEqual([201, 403]);
  expect(world.lines.filter((line) => line.includes("budget.unsettled"))).not.toEqual([]);
});

test("sends nothing while the budget cannot be asked", async () => {
  const { world, one, ofOne } = await twoInstallations();
  const [id = ""] = await queueHeads(world, one, 3);
  const take = () => Promise.reject(new Error("the object is away"));
  await world.report({ ...world.deps, budgets: { ...world.deps.budgets, take } });
  expect(await asked(world, ofOne)).toEqual([]);
  expect(await reportOf(id)).toMatchObject({ status: "due", attempts: 0 });
  world.pass(10);
  await world.report();
  expect(await postedIn(one)).toBe(3);
});

test("a limit on what the App asks for itself does not hold up known installations", async () => {
  const { world, one, other, ofOne } = await twoInstallations();
  await queueHeads(world, one, 1);
  await world.report();
  await queueHeads(world, one, 30, 10);
  await queueHeads(world, other, 30, 10);
  await world.double.fault({ operation_id: "apps/get-repo-installation" }, secondaryRateLimit(30));
  await world.report();
  expect(await postedIn(one)).toBe(31);
  expect(await postedIn(other)).toBe(0);
  world.pass(29);
  await world.report();
  expect((await asked(world, /\/installation$/)).slice(1)).toEqual([403]);
  world.pass(1);
  await world.report();
  expect(await postedIn(other)).toBe(30);
  expect((await asked(world, ofOne)).length).toBe(31);
});

describe("with a token", () => {
  async function withToken(options: { readonly rate_limit?: number } = {}) {
    const repository = freshRepository();
    const world = await openWorld({ mode: "token", repositories: [repository.full_name], ...options });
    return { world, repository };
  }

  test("waits for the reset of a limit that is used up, and spends no attempt on it", async () => {
    const { world, repository } = await withToken();
    const [id = ""] = await queueHeads(world, repository, 8);
    await world.double.fault({}, primaryRateLimit(120, 403, world.clock.nowMs));
    await world.report();
    expect(await asked(world, CREATES)).toEqual([403]);
    expect(await reportOf(id)).toMatchObject({ status: "due", attempts: 0 });
    world.pass(118);
    await world.report();
    expect((await asked(world, CREATES)).length).toBe(1);
    world.pass(3);
    await world.report();
    expect(await postedIn(repository)).toBe(8);
  });

  test("stops asking when GitHub says that nothing remains", async () => {
    // One that goes alone, and two at once, twice.
    const { world, repository } = await withToken({ rate_limit: 5 });
    await queueHeads(world, repository, 40);
    await world.report();
    world.pass(60);
    await world.report();
    expect(await asked(world, CREATES)).toEqual(Array(5).fill(201));
  });

  test("reports final states first when the budget is short", async () => {
    const { world, repository } = await withToken();
    const beginnings = await queueHeads(world, repository, 15);
    const ends = await queueHeads(world, repository, 15, 100);
    await world.record(
      ...ends.map((id) => callback(repository, id, "completed", { results: { success: true } })),
    );
    await spend(world, "token", 70);
    await world.report();
    expect(await told(world)).toEqual(Array(10).fill("success"));
    world.pass(61);
    await world.report();
    expect((await told(world)).slice(10, 15)).toEqual(Array(5).fill("success"));
    expect((await told(world)).filter((state) => state === "pending")).toHaveLength(beginnings.length);
  });

  test("keeps a part of the budget for ends", async () => {
    const { world, repository } = await withToken();
    await queueHeads(world, repository, 20);
    await spend(world, "token", 55);
    await world.report();
    expect(await told(world)).toEqual(Array(5).fill("pending"));
    const ends = await queueHeads(world, repository, 10, 100);
    await world.record(
      ...ends.map((id) => callback(repository, id, "completed", { results: { success: true } })),
    );
    await world.report();
    expect((await told(world)).slice(5)).toEqual(Array(10).fill("success"));
  });

  test.each([
    ["a beginning", 899, "posted", "running"],
    ["a beginning", 900, "skipped", "running"],
    ["an end", 900, "posted", "completed"],
    ["an end", 999, "posted", "completed"],
    ["an end", 1000, "skipped", "completed"],
  ] as const)("%s after %i statuses of its commit is %s", async (_, before, status, state) => {
    const { world, repository } = await withToken();
    const [id = ""] = await queueHeads(world, repository, 1);
    await rows(
      "UPDATE reports SET posts = ?1, post_number = ?1, posted_state = state, posted_hash = 'x' WHERE validation_id = ?2",
      before,
      id,
    );
    await world.record(callback(repository, id, state, { results: { success: true } }));
    await world.report();
    expect(await reportOf(id)).toMatchObject({
      status,
      reason: status === "posted" ? null : "GitHub takes no more than 1000 statuses for one commit",
    });
    expect(await asked(world, CREATES)).toHaveLength(status === "posted" ? 1 : 0);
  });
});

test("changes what is there though nothing more may be created", async () => {
  const { world, one } = await twoInstallations();
  const [there = ""] = await queueHeads(world, one, 1);
  await world.report();
  const installation = await count(
    "SELECT installation_id FROM repositories WHERE repository_id = ?1",
    one.id,
  );
  await spend(world, `installation:${installation}`, 79);
  const created = await queueHeads(world, one, 30, 10);
  await world.record(...created.map((id) => callback(one, id, "completed", { results: { success: true } })));
  world.pass(1);
  await world.record(callback(one, there, "completed", { results: { success: true } }));
  await world.report();
  expect(await told(world)).toEqual(["queued", "success"]);
  expect(await reportOf(there)).toMatchObject({ status: "posted", posted_state: "completed" });
  world.pass(60);
  await world.report();
  expect(await postedIn(one)).toBe(31);
});
