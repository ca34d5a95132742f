import { invariants } from "@webhook-gateway/shared/store/maintain/invariants.ts";
import { beforeEach, expect, test } from "vitest";
import { empty, rows } from "../support/database.ts";
import { callback, freshRepository, pullRequest } from "../support/facts.ts";
import {
  openWorld,
  queueHeads,
  type Repository,
  reportOf,
  runOf,
  told,
  type World,
} from "../support/github.ts";

beforeEach(empty);

async function tokenWorld() {
  const repository = freshRepository();
  const world = await openWorld({ mode: "token", repositories: [repository.full_name] });
  return { world, repository };
}

const success = (repository: Repository, id: string) =>
  callback(repository, id, "completed", { success: true, results: { success: true } });

/** Spends what may be created in a minute, but for this many. */
const spendAllBut = (world: World, left: number) =>
  world.deps.budgets.take(
    "token",
    { id: "before", leaseMs: 1 },
    Array.from({ length: 80 - left }, () => ({ points: 5, creates: true, minor: false })),
    world.clock.nowMs,
  );

const priorityOf = async (id: string) =>
  (await rows<{ priority: number }>("SELECT priority FROM reports WHERE validation_id = ?1", id))[0]
    ?.priority;

const broken = async () =>
  (
    await Promise.all(
      invariants(true)
        .filter(({ number }) => number === 5)
        .map(({ sql }) => rows(sql)),
    )
  ).flat();

/** A pull request whose first head has a result, and a newer head: nothing is reported yet. */
async function movedOn(world: World, repository: Repository) {
  const pull = pullRequest(repository, 12);
  await world.record(pull("opened", "a", 1));
  const old = runOf(repository, "a");
  await world.record(success(repository, old));
  await world.record(pull("synchronize", "b", 2));
  return { pull, old, current: runOf(repository, "b") };
}

test("a result of an older head is posted last, if there is room", async () => {
  const { world, repository } = await tokenWorld();
  const { old } = await movedOn(world, repository);
  expect(await priorityOf(old)).toBe(3);
  await world.report();
  expect(await told(world)).toEqual(["pending", "success"]);
});

test("a result of an older head is left out if the limits leave no room, until it is the head again", async () => {
  const { world, repository } = await tokenWorld();
  const { pull, old, current } = await movedOn(world, repository);
  await world.record(success(repository, current));
  await spendAllBut(world, 1);
  await world.report();
  expect(await told(world)).toEqual(["success"]);
  expect(await reportOf(current)).toMatchObject({ status: "posted" });
  expect(await reportOf(old)).toMatchObject({
    status: "skipped",
    reason: "rate limits leave no room for a commit that is not the head of anything open",
  });
  expect(await broken()).toEqual([]);

  await world.record(pull("synchronize", "a", 3));
  expect(await reportOf(old)).toMatchObject({ status: "due", reason: null });
  expect(await broken()).toEqual([]);
  world.pass(61);
  await world.report();
  expect(await reportOf(old)).toMatchObject({ status: "posted", posted_state: "completed" });
});

test("the newest heads' results go first, and an older head's check does not stay in progress", async () => {
  const repository = freshRepository();
  const world = await openWorld({ mode: "app", repositories: [repository.full_name] });
  const pull = pullRequest(repository, 12);
  await world.record(pull("opened", "a", 1));
  await world.report();
  const [old, current] = [runOf(repository, "a"), runOf(repository, "b")];
  await world.record(pull("synchronize", "b", 2), success(repository, current));
  const others = await queueHeads(world, repository, 1, 100);
  expect(await Promise.all([current, ...others, old].map(priorityOf))).toEqual([0, 1, 2]);
  await world.report();
  expect(await told(world)).toEqual(["queued", "success", "queued", "cancelled"]);
});

test("a head that another open pull request shares is needed", async () => {
  const { world, repository } = await tokenWorld();
  await world.record(
    pullRequest(repository, 1)("opened", "a", 1),
    pullRequest(repository, 2)("opened", "a", 1),
  );
  const [one, other] = [runOf(repository, "a", 1, 1), runOf(repository, "a", 1, 2)];
  await world.record(success(repository, one));
  await world.record(pullRequest(repository, 1)("synchronize", "b", 2));
  expect(await Promise.all([one, other].map(priorityOf))).toEqual([0, 1]);
  await world.record(pullRequest(repository, 2)("closed", "a", 3));
  expect(await Promise.all([one, other].map(priorityOf))).toEqual([3, 3]);
  await world.record(pullRequest(repository, 2)("reopened", "a", 4));
  expect(await priorityOf(one)).toBe(0);
});

test("a head that comes back while its report is being refused is not left out", async () => {
  const { world, repository } = await tokenWorld();
  const { pull, old } = await movedOn(world, repository);
  await spendAllBut(world, 0);
  const take: typeof world.deps.budgets.take = async (...asked) => {
    await world.record(pull("synchronize", "a", 3));
    return world.deps.budgets.take(...asked);
  };
  await world.report({ ...world.deps, budgets: { ...world.deps.budgets, take } });
  expect(await reportOf(old)).toMatchObject({ status: "due" });
  expect(await broken()).toEqual([]);
});
