import { parseHook } from "@webhook-gateway/shared/github/hook.ts";
import { createRoutingPolicy } from "@webhook-gateway/shared/routing/routing-policy.ts";
import { beforeEach, describe, expect, test } from "vitest";
import { reconcileNew } from "../../src/recover/reconcile-schedule.ts";
import { count, empty, row, rows } from "../support/database.ts";
import { freshRepository, pullRequest, sha } from "../support/facts.ts";
import { asked, openWorld, type Repository, runOf } from "../support/github.ts";
import { examples } from "../support/hook-deliveries.ts";
import { validationOf } from "../support/recording.ts";

beforeEach(empty);

const HOOKS = ["org:octo/5"].flatMap((name) => parseHook(name) ?? []);
const PAYLOADS = /\/deliveries\/\d+$/;
type Deliveries = ReturnType<typeof examples.pullRequests>;

const worldOf = (deliveries: Deliveries) =>
  openWorld({ mode: "token", hooks: [{ kind: "org", owner: "octo", id: 5, deliveries }] });

/** One event of pull request 1 that failed, so many minutes ago. */
function lostEvent(
  repository: Repository,
  action: string,
  head: string,
  minutesAgo: number,
  fields: object = {},
) {
  const [one] = examples.pullRequests(repository, 1, { action, ageSeconds: minutesAgo * 60 });
  if (one === undefined || one.payload === null) throw new Error("no delivery");
  const pull = {
    ...one.payload.pull_request,
    head: { sha: sha(head), ref: "topic", repo: one.payload.repository },
    ...fields,
  };
  const id = String(9_100_000_000_000_000n - BigInt(Math.round(minutesAgo)));
  return { ...one, id, payload: { ...one.payload, action, pull_request: pull } };
}

const at = (minutesAgo: number): string => new Date(Date.now() - minutesAgo * 60_000).toISOString();

describe("a delivery whose name alone says that nothing follows", () => {
  test.each([
    ["pull_request", "labeled", 502],
    ["pull_request", "labeled", 200],
    ["check_run", "created", 502],
    ["check_run", "completed", 200],
    ["check_suite", "completed", 200],
    ["issue_comment", "edited", 502],
    ["merge_group", "other", 200],
    ["repository", "edited", 200],
  ])("%s %s, answered %i, is not fetched", async (event, action, status_code) => {
    const world = await worldOf(examples.pullRequests(freshRepository(), 3, { event, action, status_code }));
    await reconcileNew(world.deps, HOOKS);
    expect(await asked(world, PAYLOADS)).toEqual([]);
    expect(await rows("SELECT id FROM reconciles")).toEqual([]);
  });
});

test.each([
  ["issue_comment", "created", 502],
  ["pull_request", "edited", 502],
])(
  "%s %s, answered %i, is fetched, and not recorded where its payload needs nothing",
  async (event, action, status_code) => {
    const [one] = examples.pullRequests(freshRepository(), 1, { event, action, status_code });
    if (one?.payload == null) throw new Error("no delivery");
    const comment = { id: 1, body: "thanks", author_association: "OWNER" };
    const payload = { ...one.payload, issue: { number: 1, pull_request: {} }, comment };
    const world = await worldOf([{ ...one, payload }]);
    await reconcileNew(world.deps, HOOKS);
    expect(await asked(world, PAYLOADS)).toEqual([200]);
    expect(await rows("SELECT id FROM deliveries")).toEqual([]);
  },
);

test.each([
  ["push", null],
  ["ping", null],
  ["installation", "created"],
  ["check_run", "rerequested"],
])("%s %s is recovered", async (event, action) => {
  const [one] = examples.pullRequests(freshRepository(), 1, { event, status_code: 202 });
  if (one?.payload == null) throw new Error("no delivery");
  const { action: _, ...rest } = one.payload;
  const head = { head_sha: sha("a"), app: { id: 5 } };
  const push = { ref: "refs/heads/x", before: sha("a"), after: sha("b") };
  const payload = { ...rest, ...push, ...(action === null ? {} : { action }), check_run: head };
  const world = await worldOf([{ ...one, action: action as string, payload: payload as never }]);
  await reconcileNew(world.deps, HOOKS);
  expect(await rows("SELECT event, action FROM deliveries")).toEqual([{ event, action }]);
});

test("a denied repository costs no payloads once GitHub's list has its answers, and 20 at most of an outage", async () => {
  const [denied, allowed] = [freshRepository(), freshRepository()];
  const of = (repository: Repository, total: number, status_code: number) =>
    examples
      .pullRequests(repository, total, { status_code })
      .map((one) => ({ ...one, repository_id: repository.id }));
  const all = [...of(denied, 30, 200), ...of(denied, 60, 502), ...of(allowed, 2, 502)];
  const world = await worldOf(all.map((one, index) => ({ ...one, id: String(5000 - index) })));
  const routing = createRoutingPolicy({
    REPOSITORY_ALLOW: [],
    REPOSITORY_DENY: [denied.full_name],
    VALIDATE_PUSH_BRANCHES: [],
  });
  await reconcileNew({ ...world.deps, routing }, HOOKS);
  expect((await asked(world, PAYLOADS)).length).toBeLessThanOrEqual(22);
  expect(await rows("SELECT DISTINCT repository FROM deliveries")).toEqual([
    { repository: allowed.full_name },
  ]);
  expect(await count("SELECT count(*) FROM deliveries")).toBe(2);
});

test("a recovered older event replaces no newer head", async () => {
  const repository = freshRepository();
  const world = await worldOf([lostEvent(repository, "synchronize", "old", 30)]);
  const opened = pullRequest(repository, 1)("opened", "new", 0, { updated_at: at(10) });
  await world.record({ ...opened, received_at: at(10) });
  await reconcileNew(world.deps, HOOKS);
  expect(await rows("SELECT outcome FROM deliveries WHERE recovered_at IS NOT NULL")).toEqual([
    { outcome: "stale" },
  ]);
  expect(await rows("SELECT head_sha, state FROM validations")).toEqual([
    { head_sha: sha("new"), state: "queued" },
  ]);
});

test("what happened to a pull request is recovered in any order, and stands as it ended", async () => {
  const repository = freshRepository();
  const world = await worldOf([
    lostEvent(repository, "closed", "two", 10, { state: "closed" }),
    lostEvent(repository, "synchronize", "two", 20),
    lostEvent(repository, "opened", "one", 30),
  ]);
  await reconcileNew(world.deps, HOOKS);
  expect(await rows("SELECT id FROM deliveries")).toHaveLength(3);
  expect(await row("SELECT state, head_sha FROM subjects")).toEqual({
    state: "closed",
    head_sha: sha("two"),
  });
  expect(await rows("SELECT id FROM validations WHERE finished_at IS NULL")).toEqual([]);
});

test("what is recovered is validated under the id that it would have had", async () => {
  const repository = freshRepository();
  const world = await worldOf([lostEvent(repository, "opened", "one", 10)]);
  await reconcileNew(world.deps, HOOKS);
  expect(await validationOf(runOf(repository, "one", 1, 1))).toMatchObject({ state: "queued", run: 1 });
});

test("an event that was tried several times is fetched once, and keeps when it was tried first", async () => {
  const filler = examples.pullRequests(freshRepository(), 150, {
    event: "star",
    ageSeconds: 400,
    payload: null,
  });
  const [last] = examples.pullRequests(freshRepository(), 1, { ageSeconds: 300 });
  if (last === undefined) throw new Error("no delivery");
  const first = { ...last, delivered_at: new Date(Date.parse(last.delivered_at) - 7_200_000).toISOString() };
  const all = [last, ...filler, first].map((one, index) => ({ ...one, id: String(5000 - index) }));
  const world = await worldOf(all);
  await reconcileNew(world.deps, HOOKS);
  expect(await asked(world, PAYLOADS)).toHaveLength(1);
  expect(await row("SELECT id, delivered_at FROM deliveries")).toEqual({
    id: last.guid,
    delivered_at: first.delivered_at,
  });
});

test("what failed first and was delivered again is left as it was recorded", async () => {
  const repository = freshRepository();
  const [failed] = examples.pullRequests(repository, 1, { ageSeconds: 900 });
  if (failed === undefined) throw new Error("no delivery");
  const again = { ...failed, id: "1", redelivery: true, status_code: 202, delivered_at: at(5) };
  const world = await worldOf([again, failed]);
  await world.record(examples.factOf(failed, repository));
  await reconcileNew(world.deps, HOOKS);
  expect(await asked(world, PAYLOADS)).toEqual([]);
  expect(await row("SELECT delivered_at, recovered_at FROM deliveries")).toEqual({
    delivered_at: failed.delivered_at,
    recovered_at: null,
  });
});

test.each([
  [69.9, 1],
  [70.1, 0],
])("what failed %d hours ago is recovered %i times", async (hours, times) => {
  const world = await worldOf([lostEvent(freshRepository(), "opened", "one", hours * 60)]);
  await reconcileNew(world.deps, HOOKS);
  expect(await rows("SELECT id FROM deliveries")).toHaveLength(times);
});

test("a delivery that is dead, and visible as such, is left to its replay", async () => {
  const [one] = examples.pullRequests(freshRepository(), 1);
  if (one === undefined) throw new Error("no delivery");
  const world = await worldOf([one]);
  await rows(
    `INSERT INTO dead_letters (id, kind, class, error, attempts, first_at, died_at, delivery_id)
     VALUES (?1, 'fact', 'x', 'x', 100, ?3, ?3, ?2)`,
    `fact-${one.guid}`,
    one.guid,
    at(1),
  );
  await reconcileNew(world.deps, HOOKS);
  expect(await asked(world, PAYLOADS)).toEqual([]);
});

test("recovery keeps who waited for what: sent, held back, and found", async () => {
  const repository = freshRepository();
  const [one] = examples.pullRequests(repository, 1, { throttled: true });
  if (one === undefined) throw new Error("no delivery");
  const world = await worldOf([one]);
  await reconcileNew(world.deps, HOOKS);
  expect(
    await row("SELECT received_at, delivered_at, throttled_at, recovered_at, occurred_at FROM deliveries"),
  ).toEqual({
    received_at: one.delivered_at,
    delivered_at: one.delivered_at,
    throttled_at: one.throttled_at,
    recovered_at: new Date(world.clock.nowMs).toISOString(),
    occurred_at: one.delivered_at,
  });
  expect(world.lines.filter((line) => line.includes('"delivery.recovered"'))).toHaveLength(1);
});
