import { beforeEach, describe, expect, test } from "vitest";
import {
  badCredentials,
  badGateway,
  forbidden,
  notFound,
  secondaryRateLimit,
  serverError,
} from "../../../test/github/client/fault.ts";
import { reactDue } from "../../src/report/reaction.ts";
import { count, empty, rows } from "../support/database.ts";
import { command, freshRepository, pullRequest } from "../support/facts.ts";
import { asked, openWorld, type World } from "../support/github.ts";

beforeEach(empty);

const REACTS = /\/reactions$/;
const OPERATION = { operation_id: "reactions/create-for-issue-comment" };

async function worldOf(mode: "app" | "token", installed = true) {
  const repository = freshRepository();
  const world = await openWorld({ mode, repositories: installed ? [repository.full_name] : [] });
  await world.record(pullRequest(repository)("opened", "a", 1));
  return { world, repository };
}

/** Who reacted to what: `<comment> <content>`. */
const reactions = async ({ double }: World): Promise<string[]> =>
  (await double.state()).reactions.map(({ comment_id, content }) => `${comment_id} ${content}`);

const stored = () =>
  rows<{ status: string; attempts: number; reason: string | null }>(
    "SELECT status, attempts, reason FROM reactions ORDER BY rowid",
  );

describe.each(["app", "token"] as const)("as %s", (mode) => {
  test("shows that a command was heard, and that one could not be followed", async () => {
    const { world, repository } = await worldOf(mode);
    await world.record(command(repository, "validate", 12, 501));
    await world.record(command(repository, "cancel", 12, 502));
    await world.record(command(repository, "cancel", 12, 503));
    await world.record(command(repository, "validate", 99, 504));
    await world.react();
    expect((await reactions(world)).toSorted()).toEqual(["501 +1", "502 +1", "503 confused", "504 confused"]);
    expect(new Set((await stored()).map(({ status }) => status))).toEqual(new Set(["posted"]));
  });

  test("reacts once to a delivery that comes again", async () => {
    const { world, repository } = await worldOf(mode);
    const fact = command(repository, "validate", 12, 501);
    await world.record(fact, fact);
    await world.react();
    await world.record(fact);
    await world.react();
    expect(await asked(world, REACTS)).toEqual([201]);
  });

  test("reacts once if two consumers react at the same time", async () => {
    const { world, repository } = await worldOf(mode);
    await world.record(...Array.from({ length: 8 }, (_, n) => command(repository, "validate", 12, 500 + n)));
    await Promise.all([world.react(), world.react()]);
    expect(await asked(world, REACTS)).toEqual(Array(8).fill(201));
  });

  test("leaves one reaction if the answer to it is lost", async () => {
    const { world, repository } = await worldOf(mode);
    await world.record(command(repository, "validate", 12, 501));
    await world.double.fault(OPERATION, { ...badGateway, after: true });
    const [wakeAt = ""] = await world.react();
    world.pass((Date.parse(wakeAt) - world.clock.nowMs) / 1000);
    await world.react();
    expect(await reactions(world)).toEqual(["501 +1"]);
    expect(await stored()).toEqual([{ status: "posted", attempts: 1, reason: null }]);
  });

  test.each([
    ["lacks the right", forbidden, "HTTP 403"],
    ["finds no comment", notFound, "HTTP 404"],
  ] as const)("stays silent where it %s", async (_, fault, reason) => {
    const { world, repository } = await worldOf(mode);
    await world.record(command(repository, "validate", 12, 501));
    await world.double.fault(OPERATION, fault);
    expect(await world.react()).toEqual([]);
    expect(await stored()).toEqual([
      { status: "skipped", attempts: 1, reason: expect.stringContaining(reason) },
    ]);
    expect(await count("SELECT count(*) FROM dead_letters")).toBe(0);
    expect(await count("SELECT count(*) FROM settings WHERE name = 'gate:github'")).toBe(0);
  });

  test.each([
    ["is broken", serverError],
    ["refuses the credentials", badCredentials],
  ] as const)("gives up soon where GitHub %s", async (_, fault) => {
    const { world, repository } = await worldOf(mode);
    await world.record(command(repository, "validate", 12, 501));
    await world.double.fault(OPERATION, fault, 0);
    for (let turn = 0; turn < 10; turn++) {
      await world.react();
      world.pass(300);
    }
    expect(await stored()).toEqual([{ status: "skipped", attempts: 5, reason: expect.any(String) }]);
  });

  test("waits for a limit, and spends no attempt on it", async () => {
    const { world, repository } = await worldOf(mode);
    await world.record(...Array.from({ length: 5 }, (_, n) => command(repository, "validate", 12, 500 + n)));
    await world.double.fault(OPERATION, secondaryRateLimit(30));
    expect(await world.react()).toEqual([new Date(world.clock.nowMs + 30_000).toISOString()]);
    world.pass(29);
    await world.react();
    expect(await asked(world, REACTS)).toEqual([403]);
    world.pass(1);
    await world.react();
    expect(await asked(world, REACTS)).toEqual([403, ...Array(5).fill(201)]);
    expect(await count("SELECT sum(attempts) FROM reactions")).toBe(0);
  });

  test("asks to be woken at once for what a batch does not hold", async () => {
    const { world, repository } = await worldOf(mode);
    await world.record(...Array.from({ length: 30 }, (_, n) => command(repository, "validate", 12, 500 + n)));
    expect(await world.react()).toEqual([new Date(world.clock.nowMs).toISOString()]);
    expect(await world.react()).toEqual([]);
    expect(await reactions(world)).toHaveLength(30);
  });
});

test("stays silent in a repository without the App", async () => {
  const { world, repository } = await worldOf("app", false);
  await world.record(command(repository, "validate", 12, 501));
  expect(await world.react()).toEqual([]);
  expect(await stored()).toEqual([
    { status: "skipped", attempts: 1, reason: "the GitHub App is not installed on this repository" },
  ]);
});

test("claims again what a consumer has left behind", async () => {
  const { world, repository } = await worldOf("token");
  await world.record(command(repository, "validate", 12, 501));
  const take = () => new Promise<never>(() => {});
  void reactDue({ ...world.deps, budgets: { ...world.deps.budgets, take } });
  await expect.poll(() => count("SELECT count(*) FROM reactions WHERE due_at > wanted_at")).toBe(1);
  expect(await world.react()).toEqual([]);
  world.pass(601);
  await world.react();
  expect(await reactions(world)).toEqual(["501 +1"]);
});
