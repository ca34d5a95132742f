import { beforeEach, describe, expect, inject, test } from "vitest";
import { badCredentials, serverError } from "../../../test/github/client/fault.ts";
import { dispatchDue } from "../../src/dispatch/dispatch.ts";
import { count, empty, rows } from "../support/database.ts";
import { callback, command, freshRepository } from "../support/facts.ts";
import {
  asked,
  gateOf,
  installationOf,
  openWorld,
  queueHeads,
  reportOf,
  runOf,
  tokensGiven,
  told,
  type WorldOptions,
} from "../support/github.ts";
import { createDouble, effectDeps, take } from "../support/grainchain.ts";
import { afterNextWrite } from "../support/under-way.ts";

beforeEach(async () => {
  await empty();
});

const { privateKeyPkcs1, privateKeyPkcs8 } = inject("githubDouble");
const EVERYTHING = /./;

async function worldOf(mode: "app" | "token", options: Partial<WorldOptions> = {}) {
  const repository = freshRepository();
  const world = await openWorld({ mode, repositories: [repository.full_name], ...options });
  return { world, repository };
}

/** How many reports there are of each status. */
const statuses = async (): Promise<Record<string, number>> =>
  Object.fromEntries(
    (await rows<{ status: string; n: number }>("SELECT status, count(*) AS n FROM reports GROUP BY 1")).map(
      ({ status, n }) => [status, n],
    ),
  );

test.each([
  ["PKCS#1", privateKeyPkcs1],
  ["PKCS#8", privateKeyPkcs8],
  ["PKCS#1 with escaped newlines", privateKeyPkcs1.replaceAll("\n", "\\n")],
  ["PKCS#8 with CRLF", privateKeyPkcs8.replaceAll("\n", "\r\n")],
])("signs in with a private key in %s", async (_, privateKey) => {
  const { world, repository } = await worldOf("app", { config: { privateKey } });
  await queueHeads(world, repository, 2);
  await world.report();
  expect(await statuses()).toEqual({ posted: 2 });
  expect(await gateOf()).toBeNull();
});

describe("a private key that", () => {
  test.each([
    ["is damaged", { privateKey: privateKeyPkcs1.replace(/\n.{40}/, "\n") }, /is damaged/],
    ["is not a PEM", { privateKey: "app.pem" }, /is not a PEM: paste the whole .pem file/],
    ["has no App's id beside it", { appId: undefined }, /GITHUB_APP_ID is missing/],
    ["is missing beside the App's id", { privateKey: undefined }, /GITHUB_APP_PRIVATE_KEY is missing/],
  ])("%s closes the gate, says how to fix it, and costs nothing", async (_, config, detail) => {
    const { world, repository } = await worldOf("app", { config });
    await queueHeads(world, repository, 3);
    const wakeAt = await world.report();
    const gate = await gateOf();
    expect(gate).toMatchObject({
      state: "closed",
      reason: "configuration",
      detail: expect.stringMatching(detail),
    });
    expect(wakeAt).toContain(gate?.until);
    expect(await asked(world, EVERYTHING)).toEqual([]);
    expect(await statuses()).toEqual({ due: 3 });
    expect(await count("SELECT sum(attempts) FROM reports")).toBe(0);
    expect(await count("SELECT count(*) FROM dead_letters")).toBe(0);

    world.pass(60);
    await world.report(
      world.another({ privateKey: privateKeyPkcs1, appId: String(inject("githubDouble").appId) }),
    );
    expect(await statuses()).toEqual({ posted: 3 });
    expect(await gateOf()).toMatchObject({ state: "open" });
  });

  test("is broken does not keep the dispatch", async () => {
    const { world, repository } = await worldOf("app", { config: { privateKey: "broken" } });
    await queueHeads(world, repository, 3);
    await world.report();
    const grainchain = createDouble((call) => take(call));
    const { dispatched } = await dispatchDue(effectDeps(grainchain, { clock: world.clock }));
    expect(dispatched).toBe(3);
    expect(
      await rows("SELECT name FROM settings WHERE name LIKE 'gate:%' AND value->>'state' = 'closed'"),
    ).toEqual([{ name: "gate:github" }]);
  });
});

describe.each(["app", "token"] as const)("refused credentials, as %s,", (mode) => {
  test("are tried with one request at a time until GitHub takes them", async () => {
    const { world, repository } = await worldOf(mode);
    await queueHeads(world, repository, 12);
    await world.double.fault({}, badCredentials, 0);
    await world.report();
    const first = (await asked(world, EVERYTHING)).length;
    expect(await gateOf()).toMatchObject({
      state: "closed",
      detail: expect.stringContaining("HTTP 401: Bad credentials"),
    });
    world.pass(9);
    await world.report();
    expect((await asked(world, EVERYTHING)).length).toBe(first);

    for (const seconds of [2, 20, 40, 60, 60]) {
      const before = (await asked(world, EVERYTHING)).length;
      world.pass(seconds);
      await Promise.all([world.report(), world.report(world.another())]);
      expect((await asked(world, EVERYTHING)).length).toBe(before + 1);
    }
    expect(await statuses()).toEqual({ due: 12 });

    await world.double.clearFaults();
    world.pass(61);
    await world.report();
    expect(await statuses()).toEqual({ posted: 12 });
    expect(await gateOf()).toMatchObject({ state: "open" });
    expect(await count("SELECT sum(attempts) FROM reports")).toBe(0);
  });

  test("keep no report from the newest state", async () => {
    const { world, repository } = await worldOf(mode);
    const [id = ""] = await queueHeads(world, repository, 1);
    await world.double.fault({}, badCredentials);
    await world.report();
    await world.record(callback(repository, id, "completed", { results: { success: true } }));
    world.pass(11);
    await world.report();
    expect(await told(world)).toEqual(["success"]);
  });
});

describe("an installation's token", () => {
  test("is asked for once, and again when its hour is over", async () => {
    const { world, repository } = await worldOf("app");
    await queueHeads(world, repository, 15);
    await world.report();
    await queueHeads(world, repository, 5, 100);
    await world.report();
    expect(await tokensGiven(world.double)).toBe(1);
    world.pass(56 * 60);
    await queueHeads(world, repository, 1, 200);
    await world.report();
    expect(await tokensGiven(world.double)).toBe(2);
    expect(await statuses()).toEqual({ posted: 21 });
  });

  test("can do only what it is needed for, so a missing permission concerns nothing else", async () => {
    const repository = freshRepository();
    const permissions = { checks: "write", metadata: "read" } as const;
    const installations = [{ ...installationOf(repository.full_name), permissions }];
    const world = await openWorld({ mode: "app", installations });
    await queueHeads(world, repository, 1);
    await world.record(command(repository, "validate", 1, 501));
    await world.react();
    await world.report();
    expect((await world.double.state()).tokens).toMatchObject([{ permissions: { checks: "write" } }]);
    expect(await rows("SELECT status, reason FROM reactions")).toMatchObject([
      { status: "skipped", reason: expect.stringContaining("not granted to this installation") },
    ]);
    expect(await statuses()).toMatchObject({ posted: 1 });
  });

  test("that ends before its time is renewed once, and closes nothing", async () => {
    const { world, repository } = await worldOf("app");
    await queueHeads(world, repository, 1);
    await world.report();
    await world.double.revokeTokens();
    await queueHeads(world, repository, 1, 100);
    await world.report();
    expect(await tokensGiven(world.double)).toBe(2);
    expect(await statuses()).toEqual({ posted: 2 });
    expect(await gateOf()).toBeNull();
  });

  test("that ends in the midst of several requests closes nothing", async () => {
    const { world, repository } = await worldOf("app");
    const ids = await queueHeads(world, repository, 21);
    await world.report();
    await world.record(
      ...ids.map((id) => callback(repository, id, "completed", { results: { success: true } })),
    );
    // Those that go together are refused together: each finds the token worthless.
    afterNextWrite(() => world.double.revokeTokens());
    await world.report();
    expect(await statuses()).toEqual({ posted: 21 });
    expect((await asked(world, EVERYTHING)).filter((status) => status === 401).length).toBeGreaterThan(1);
    expect(await gateOf()).toBeNull();
  });

  test("that GitHub refuses although it is new closes the gate", async () => {
    const { world, repository } = await worldOf("app");
    await queueHeads(world, repository, 3);
    await world.double.fault({ operation_id: "checks/create" }, badCredentials, 0);
    await world.report();
    expect(await gateOf()).toMatchObject({ state: "closed", reason: "configuration" });
    expect(await statuses()).toEqual({ due: 3 });
  });

  test("is not given while GitHub is broken, and the report waits", async () => {
    const { world, repository } = await worldOf("app");
    const [id = ""] = await queueHeads(world, repository, 1);
    await world.double.fault({ operation_id: "apps/create-installation-access-token" }, serverError);
    await world.report();
    expect(await reportOf(id)).toMatchObject({ status: "due", attempts: 1 });
    world.pass(10);
    await world.report();
    expect(await statuses()).toEqual({ posted: 1 });
  });
});

test("goes on under the new installation of an App that was installed anew", async () => {
  const { world, repository } = await worldOf("app");
  await queueHeads(world, repository, 1);
  await world.report();
  await rows("UPDATE repositories SET installation_id = 1 WHERE repository_id = ?1", repository.id);
  await queueHeads(world, repository, 12, 100);
  await world.report(world.another());
  expect(await statuses()).toEqual({ posted: 13 });
  const calls = (await asked(world, EVERYTHING)).length;
  await queueHeads(world, repository, 1, 200);
  await world.report();
  expect((await asked(world, EVERYTHING)).length).toBe(calls + 1);
});

test("skips a repository that the App was removed from, and writes no dead letter", async () => {
  const repository = freshRepository();
  const world = await openWorld({ mode: "app", repositories: [] });
  await queueHeads(world, repository, 1);
  await rows("UPDATE repositories SET installation_id = 1, installation_at = '2026-01-01T00:00:00.000Z'");
  await world.report();
  expect(await statuses()).toEqual({ skipped: 1 });
  expect(await count("SELECT count(*) FROM dead_letters")).toBe(0);
});

test("skips a repository without the App, and asks again only after a while", async () => {
  const repository = freshRepository();
  const world = await openWorld({ mode: "app", repositories: [] });
  const id = runOf(repository, "h1", 1, 1);
  await queueHeads(world, repository, 1);
  await world.report();
  expect(await reportOf(id)).toMatchObject({
    status: "skipped",
    reason: "the GitHub App is not installed on this repository",
  });
  await world.record(callback(repository, id, "running"));
  await world.report();
  expect(await asked(world, EVERYTHING)).toEqual([404]);
  world.pass(601);
  await world.record(callback(repository, id, "completed", { results: { success: true } }));
  await world.report();
  expect(await asked(world, EVERYTHING)).toEqual([404, 404]);
});
