import { env } from "cloudflare:workers";
import { createRoutingPolicy } from "@webhook-gateway/shared/routing/routing-policy.ts";
import { insertAudit, loadAudit } from "@webhook-gateway/shared/store/maintain/audits.ts";
import { beforeEach, describe, expect, test } from "vitest";
import { badGateway, primaryRateLimit } from "../../../test/github/client/fault.ts";
import type { PullSpec } from "../../../test/github/client/spec.ts";
import { auditOnSchedule, auditRequested } from "../../src/recover/audit/audit-schedule.ts";
import { auditScope } from "../../src/recover/audit/scope.ts";
import { empty, rows } from "../support/database.ts";
import { pullRequest, sha } from "../support/facts.ts";
import { installationOf, openWorld, told, type World, type WorldOptions } from "../support/github.ts";

beforeEach(empty);

const ROUTING = { REPOSITORY_ALLOW: [], REPOSITORY_DENY: ["octo/denied"], VALIDATE_PUSH_BRANCHES: [] };
const routing = createRoutingPolicy(ROUTING);

/** What GitHub says happened so many seconds after the begin of the test. */
const BEGIN_MS = Math.floor(Date.now() / 1000) * 1000 - 3_600_000;
const at = (seconds: number): string => new Date(BEGIN_MS + seconds * 1000).toISOString().replace(".000", "");

const pull = (
  repository: string,
  number: number,
  head: string,
  seconds = 0,
  more: Partial<PullSpec> = {},
): PullSpec => ({ repository, number, updated_at: at(seconds), head: { sha: sha(head) }, ...more });

const fork = (head: string) => ({
  author_association: "NONE",
  head: { sha: sha(head), repository: "stranger/fork" },
});

function worldOf(pulls: PullSpec[], options: Partial<WorldOptions> = {}): Promise<World> {
  const given = { repositories: ["octo/one", "octo/two", "octo/denied"], ...options };
  return openWorld({ mode: "app", pulls, ...given });
}

/** The scheduled audit, 15 minutes after the last one. */
async function audit(world: World, globs: readonly string[] = []): Promise<boolean> {
  world.pass(901);
  return auditOnSchedule(world.deps, auditScope(globs, world.deps.github.mode, routing));
}

/** An audit that an operator asks for, to its end. */
async function ask(world: World, repositories: readonly string[] | null = null, dry_run = false) {
  const id = crypto.randomUUID();
  const request = { id, requested_by: "operator:ada", repositories, dry_run };
  await insertAudit(env.DB, request, world.deps.now().toISOString());
  await auditRequested({ ...world.deps, routing }, auditScope([], world.deps.github.mode, routing));
  return loadAudit(env.DB, id);
}

const requestsOf = async ({ double }: World, operation = "pulls/list") =>
  (await double.requests()).filter(({ operation_id }) => operation_id === operation);

interface Head {
  readonly pull: string;
  readonly head_sha: string;
  readonly state: string;
}

const heads = () =>
  rows<Head>(
    "SELECT repository || '#' || pr_number AS pull, head_sha, state FROM validations ORDER BY 1, created_at, run",
  );

const audited = () =>
  rows("SELECT event, action, outcome, id FROM deliveries WHERE event = 'audit' ORDER BY id");

/** Events of a pull request of octo/one, as they would be delivered. */
async function events(number = 12) {
  const names = await rows<{ id: number }>(
    "SELECT repository_id AS id FROM repository_names WHERE name = 'octo/one'",
  );
  const id = names[0]?.id ?? 0;
  const repository = { id, full_name: "octo/one", clone_url: "https://github.com/octo/one.git" };
  return (...[action, head, seconds, change]: [...Parameters<ReturnType<typeof pullRequest>>]) => {
    const happenedAt = new Date(BEGIN_MS + seconds * 1000).toISOString();
    const fact = pullRequest(repository, number)(action, head, 0, { updated_at: happenedAt, ...change });
    return { ...fact, received_at: happenedAt };
  };
}

describe("the first audit", () => {
  test("adopts what was open before, each head once, however often it is repeated", async () => {
    const world = await worldOf(
      [
        pull("octo/one", 1, "a"),
        pull("octo/one", 2, "f", 0, fork("f")),
        pull("octo/one", 3, "x", 0, { state: "closed" }),
        pull("octo/two", 1, "b"),
        pull("octo/denied", 1, "d"),
      ],
      { repositories: ["octo/one", "octo/two", "octo/denied"] },
    );
    expect(await audit(world)).toBe(true);
    expect(await heads()).toEqual([
      { pull: "octo/one#1", head_sha: sha("a"), state: "queued" },
      { pull: "octo/one#2", head_sha: sha("f"), state: "held" },
      { pull: "octo/two#1", head_sha: sha("b"), state: "queued" },
    ]);
    expect(await audited()).toMatchObject([
      { action: null, outcome: expect.any(String), id: expect.stringMatching(/^audit-\d+-1-[0-9a-f]{40}$/) },
      { outcome: expect.any(String) },
      { outcome: expect.any(String) },
    ]);
    expect(await rows("SELECT requested_by, missing, recorded, closed FROM audits")).toEqual([
      { requested_by: "gateway", missing: 3, recorded: 3, closed: 0 },
    ]);

    expect(await audit(world)).toBe(false);
    expect(await ask(world)).toMatchObject({ status: "done", audited: 2, unchanged: 2, missing: 0 });
    expect(await audited()).toHaveLength(3);
    const answers = (await requestsOf(world)).map(({ status }) => status);
    expect(answers.slice(2)).toEqual([304, 304, 304, 304]);
  });

  test("looks at every page, and at every installation that is not suspended", async () => {
    const many = Array.from({ length: 130 }, (_, index) => pull("octo/one", index + 1, `h${index}`));
    const world = await worldOf([...many, pull("acme/app", 1, "a"), pull("gone/app", 1, "g")], {
      installations: [
        installationOf("octo/one"),
        installationOf("acme/app"),
        { ...installationOf("gone/app"), suspended: true },
      ],
    });
    await audit(world);
    expect(await audited()).toHaveLength(131);
  });

  test("recorded at the same time as another one and the delivery, starts one validation", async () => {
    const world = await worldOf([pull("octo/one", 12, "a"), pull("octo/two", 1, "b")]);
    await Promise.all([
      ask(world),
      ask(world),
      audit(world),
      auditOnSchedule(world.another(), auditScope([], "app", routing)),
    ]);
    const opened = await events();
    await world.record(opened("opened", "a", 0));
    expect((await heads()).map(({ pull }) => pull)).toEqual(["octo/one#12", "octo/two#1"]);
    expect(await rows("SELECT outcome FROM deliveries WHERE event = 'pull_request'")).toEqual([
      { outcome: "unchanged" },
    ]);
  });
});

test("calls the budget twice for the lists of 25 repositories", async () => {
  const names = Array.from({ length: 30 }, (_, index) => `octo/r${String(index).padStart(2, "0")}`);
  const world = await worldOf([pull("octo/r00", 1, "a")], { installations: [installationOf(...names)] });
  const { budgets } = world.deps;
  const taken: number[] = [];
  let settled = 0;
  const counted: typeof budgets = {
    take(name, lease, costs, nowMs) {
      if (name !== "app") taken.push(costs.length);
      return budgets.take(name, lease, costs, nowMs);
    },
    settle(name, ...given) {
      if (name !== "app") settled++;
      return budgets.settle(name, ...given);
    },
  };
  for (const status of [200, 304]) {
    const first = (await requestsOf(world)).length;
    await audit({ ...world, deps: { ...world.deps, budgets: counted } });
    const lists = (await requestsOf(world)).slice(first);
    expect(lists.map((list) => list.status)).toEqual(Array(30).fill(status));
    // The repositories of the installation, then their pull requests.
    expect(taken.splice(0)).toEqual([1, 25, 5]);
    expect(settled).toBe(3);
    settled = 0;
  }
});

describe("what no delivery has told", () => {
  /** A world in which the pull request #12 of octo/one is known at its head a. */
  async function known() {
    const world = await worldOf([pull("octo/one", 12, "a")]);
    await audit(world);
    return { world, event: await events() };
  }

  test("a new head is recorded, and supersedes the old one", async () => {
    const { world, event } = await known();
    await world.double.setPulls(pull("octo/one", 12, "b", 60));
    expect(await audit(world)).toBe(true);
    expect((await heads()).map(({ state }) => state)).toEqual(["superseded", "queued"]);
    // The delivery comes after all.
    await world.record(event("synchronize", "b", 60, { before: sha("a") }));
    expect(await heads()).toHaveLength(2);
  });

  test.each<[what: string, spec: Partial<PullSpec>, states: readonly string[]]>([
    ["is closed", { state: "closed" }, ["cancelled"]],
    ["is only commented on", {}, ["queued"]],
  ])("a pull request that %s", async (_, spec, states) => {
    const { world } = await known();
    await world.double.setPulls(pull("octo/one", 12, "a", 60, spec));
    await audit(world);
    expect((await heads()).map(({ state }) => state)).toEqual(states);
    expect(await audit(world)).toBe(false);
  });

  test("a reopening, an end of a draft and a return to an older head", async () => {
    const { world, event } = await known();
    await world.record(event("closed", "a", 10));
    await world.double.setPulls(pull("octo/one", 12, "a", 60));
    await audit(world);
    expect((await heads()).map(({ state }) => state)).toEqual(["cancelled", "queued"]);
    await world.record(event("synchronize", "b", 70, { before: sha("a") }));
    await world.double.setPulls(pull("octo/one", 12, "a", 80));
    await audit(world);
    expect((await heads()).filter(({ state }) => state === "queued")).toEqual([
      { pull: "octo/one#12", head_sha: sha("a"), state: "queued" },
    ]);
  });
});

test("a dry run says what it would do, and does nothing", async () => {
  const world = await worldOf([pull("octo/one", 12, "a"), pull("octo/two", 1, "b")]);
  await audit(world);
  await world.double.setPulls(
    pull("octo/one", 12, "a", 60, { state: "closed" }),
    pull("octo/two", 1, "c", 60),
  );
  const before = await rows("SELECT count(*) AS n FROM deliveries");
  expect(await ask(world, null, true)).toMatchObject({
    ...{ status: "done", dry_run: true, missing: 1, recorded: 0, closed: 1 },
    found: [
      { repository: "octo/one", number: 12, what: "closed" },
      { repository: "octo/two", number: 1, head_sha: sha("c"), what: "new" },
    ],
  });
  expect(await rows("SELECT count(*) AS n FROM deliveries")).toEqual(before);
  expect(await ask(world)).toMatchObject({ missing: 1, recorded: 1, closed: 1 });
  expect(await rows("SELECT actor, action, outcome FROM operator_actions LIMIT 1")).toEqual([
    { actor: "operator:ada", action: "audit", outcome: "done" },
  ]);
});

describe("only some repositories", () => {
  test.each([
    ["named, by an App", "app", ["octo/two"], ["octo/two#1"]],
    ["named, by a token", "token", ["octo/two"], ["octo/two#1"]],
    ["named, and not allowed", "app", ["octo/denied"], []],
  ] as const)("%s", async (_, mode, names, pulls) => {
    const world = await worldOf(
      ["one", "two", "denied"].map((name) => pull(`octo/${name}`, 1, name)),
      { mode },
    );
    expect(await ask(world, names)).toMatchObject({ status: "done" });
    expect((await heads()).map(({ pull: name }) => name)).toEqual(pulls);
  });

  test.each([
    ["none by default", [], []],
    ["those that are named", ["octo/two"], ["octo/two#1"]],
    ["those that a glob matches", ["octo/t*"], ["octo/two#1"]],
    ["all of them", ["*"], ["octo/one#1", "octo/two#1"]],
  ] as const)("of a token: %s", async (_, globs, pulls) => {
    const world = await worldOf(
      ["one", "two", "denied"].map((name) => pull(`octo/${name}`, 1, name)),
      { mode: "token" },
    );
    await audit(world, globs);
    expect((await heads()).map(({ pull: name }) => name)).toEqual(pulls);
  });

  test("a repository that does not exist fails the audit of it, and of no other", async () => {
    const world = await worldOf([pull("octo/two", 1, "b")], { mode: "token" });
    expect(await ask(world, ["octo/nothing", "octo/two"])).toMatchObject({
      ...{ status: "failed", recorded: 1 },
      error: expect.stringMatching(/^octo\/nothing: .*HTTP 404: Not Found/),
    });
  });
});

describe("an audit that cannot be finished", () => {
  test("goes on where GitHub's limit ended it, once that is over", async () => {
    const world = await worldOf([pull("octo/one", 1, "a"), pull("octo/two", 1, "b")]);
    const limit = primaryRateLimit(1200, 403, world.clock.nowMs + 901_000);
    await world.double.fault({ path: "/repos/octo/two/pulls" }, limit);
    await audit(world);
    expect((await heads()).map(({ pull: name }) => name)).toEqual(["octo/one#1"]);
    const [cursor] = await rows(
      "SELECT value->>'$.position.source' AS source FROM settings WHERE name = 'audit'",
    );
    expect(cursor).toMatchObject({ source: expect.stringMatching(/^i0+7\d{3}$/) });
    await audit(world);
    expect(await requestsOf(world)).toHaveLength(2);
    world.pass(600);
    await audit(world);
    expect((await heads()).map(({ pull: name }) => name)).toEqual(["octo/one#1", "octo/two#1"]);
    expect((await requestsOf(world)).map(({ path }) => path)).toEqual([
      ...["/repos/octo/one/pulls", "/repos/octo/two/pulls", "/repos/octo/two/pulls"],
    ]);
  });

  test("leaves a quarter of the hour's requests to reports, and goes on once the hour is over", async () => {
    const names = Array.from({ length: 30 }, (_, index) => `octo/r${String(index).padStart(2, "0")}`);
    const world = await worldOf([pull("octo/r00", 1, "a")], {
      installations: [installationOf(...names)],
      rate_limit: 32,
    });
    await audit(world);
    // With the one for the repositories, 25 of 32: one less than a quarter is left.
    expect(await requestsOf(world)).toHaveLength(24);
    const [setting] = await rows<{ error: string; due_at: string }>(
      "SELECT value->>'error' AS error, value->>'due_at' AS due_at FROM settings WHERE name = 'audit'",
    );
    expect(setting?.error).toBe("GitHubError: GitHub's rate limit is used up");
    expect(world.lines.filter((line) => line.includes("audit.done"))).toEqual([
      expect.stringContaining("GitHub's rate limit is used up"),
    ]);
    const resetMs = Date.parse(setting?.due_at ?? "");
    expect(resetMs).toBeGreaterThan(world.clock.nowMs);
    expect(await ask(world)).toMatchObject({ status: "running" });
    await audit(world);
    expect(await requestsOf(world)).toHaveLength(24);

    await world.report();
    expect(await told(world)).toEqual(["queued"]);
    world.clock.nowMs = resetMs - 901_000;
    await audit(world);
    expect((await requestsOf(world)).map(({ path }) => path).slice(24, 26)).toEqual([
      ...["/repos/octo/r24/pulls", "/repos/octo/r25/pulls"],
    ]);
  });

  test("leaves out a repository that fails, and finds its pull requests the next time", async () => {
    const world = await worldOf([pull("octo/one", 1, "a"), pull("octo/two", 1, "b")]);
    await world.double.fault({ path: "/repos/octo/one/pulls" }, badGateway);
    await audit(world);
    expect((await heads()).map(({ pull: name }) => name)).toEqual(["octo/two#1"]);
    await audit(world);
    expect((await heads()).map(({ pull: name }) => name)).toEqual(["octo/one#1", "octo/two#1"]);
  });

  test("of an operator goes on too", async () => {
    const world = await worldOf([pull("octo/one", 1, "a"), pull("octo/two", 1, "b")]);
    const limit = primaryRateLimit(600, 403, world.clock.nowMs);
    await world.double.fault({ path: "/repos/octo/two/pulls" }, limit);
    expect(await ask(world)).toMatchObject({ status: "running", recorded: 1 });
    world.pass(700);
    await auditRequested({ ...world.deps, routing }, auditScope([], "app", routing));
    expect(
      await rows("SELECT status, audited, recorded FROM audits WHERE requested_by = 'operator:ada'"),
    ).toEqual([{ status: "done", audited: 2, recorded: 2 }]);
  });
});

test("without credentials there is nothing to audit", async () => {
  const world = await worldOf([], { mode: "none", repositories: [] });
  expect(await ask(world)).toMatchObject({
    status: "failed",
    error: "no credentials for GitHub are configured",
  });
  expect(await audit(world, ["*"])).toBe(false);
});
