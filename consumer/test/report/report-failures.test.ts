import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, test } from "vitest";
import {
  badGateway,
  forbidden,
  notFound,
  resets,
  serverError,
  validationFailed,
} from "../../../test/github/client/fault.ts";
import { count, countStatements, empty, row, rows } from "../support/database.ts";
import { callback, freshRepository } from "../support/facts.ts";
import {
  asked,
  gateOf,
  installationOf,
  openWorld,
  queueHeads,
  reportOf,
  shown,
  told,
} from "../support/github.ts";

beforeEach(async () => {
  await empty();
});

const EVERYTHING = /./;
const CREATE = { app: "checks/create", token: "repos/create-commit-status" };
const HOUR = 3600;

async function worldOf(mode: "app" | "token") {
  const repository = freshRepository();
  const world = await openWorld({ mode, repositories: [repository.full_name] });
  return { world, repository };
}

const success = { results: { success: true } };

describe.each(["app", "token"] as const)("as %s", (mode) => {
  test.each([
    ["lacks the right", forbidden, "permission", "HTTP 403: Resource not accessible by integration"],
    ["sees no such repository", notFound, "missing", "HTTP 404: Not Found"],
    ["fails validation", validationFailed(), "permanent", "HTTP 422: Validation Failed"],
  ] as const)(
    "a report that %s is a dead letter, and does not hold up the others",
    async (_, fault, name, error) => {
      const { world, repository } = await worldOf(mode);
      const [dead = ""] = await queueHeads(world, repository, 3);
      await world.double.fault({ operation_id: CREATE[mode] }, fault);
      await world.report();
      expect(await reportOf(dead)).toMatchObject({ status: "dead", attempts: 1 });
      const deadLetter = await row("SELECT * FROM dead_letters");
      expect(deadLetter).toMatchObject({
        id: `report-${dead}`,
        kind: "report",
        class: name,
        error: expect.stringContaining(error),
        attempts: 1,
        repository: repository.full_name,
        validation_id: dead,
      });
      expect(await count("SELECT count(*) FROM reports WHERE status = 'posted'")).toBe(2);
      expect(await gateOf()).toBeNull();
      const sent = (await asked(world, EVERYTHING)).length;
      world.pass(2 * 24 * HOUR);
      await world.report();
      expect((await asked(world, EVERYTHING)).length).toBe(sent);
    },
  );

  test("a newer state of a dead report is still posted", async () => {
    const { world, repository } = await worldOf(mode);
    const [id = ""] = await queueHeads(world, repository, 1);
    await world.double.fault({ operation_id: CREATE[mode] }, forbidden);
    await world.report();
    await world.record(callback(repository, id, "completed", success));
    await world.report();
    expect(await told(world)).toEqual(["success"]);
    expect(await reportOf(id)).toMatchObject({ status: "posted" });
  });

  test("GitHub being down for hours delays reports, and nothing else", async () => {
    const { world, repository } = await worldOf(mode);
    const ids = await queueHeads(world, repository, 20);
    await world.double.fault({}, badGateway, 0);
    for (let minute = 0; minute < 8 * 60; minute += 5) {
      await world.report();
      world.pass(300);
    }
    expect(await count("SELECT count(*) FROM reports WHERE status = 'due'")).toBe(20);
    expect(await count("SELECT count(*) FROM dead_letters")).toBe(0);
    // Behind the gate the twenty share the attempts.
    expect(await count("SELECT max(attempts) FROM reports")).toBeLessThan(15);
    await world.record(...ids.map((id) => callback(repository, id, "completed", success)));
    await world.double.clearFaults();
    for (let turn = 0; turn < 3; turn++) {
      world.pass(900);
      await world.report();
    }
    expect(await told(world)).toEqual(Array(20).fill("success"));
    expect(await gateOf()).toMatchObject({ state: "open" });
  });
});

test("gives a report up that is a day old, and not before", async () => {
  const { world, repository } = await worldOf("token");
  const [id = ""] = await queueHeads(world, repository, 1);
  await world.double.fault({}, serverError, 0);
  for (let hour = 0; hour < 24; hour++) {
    await world.report();
    expect(await reportOf(id)).toMatchObject({ status: "due" });
    world.pass(HOUR);
  }
  await world.report();
  expect(await reportOf(id)).toMatchObject({ status: "dead", attempts: 25 });
  expect(await rows("SELECT kind, class FROM dead_letters")).toEqual([
    { kind: "report", class: "retryable" },
  ]);
});

test("tries again if the connection breaks, and if an answer cannot be read", async () => {
  const { world, repository } = await worldOf("app");
  const [id = ""] = await queueHeads(world, repository, 1);
  await world.double.fault({ operation_id: "checks/create" }, resets);
  await world.report();
  expect(await reportOf(id)).toMatchObject({ status: "due", attempts: 1 });
  await world.double.fault({ operation_id: "checks/create" }, { status: 201, body: "<html>", after: true });
  world.pass(60);
  await world.report();
  expect(await reportOf(id)).toMatchObject({ status: "due", attempts: 2 });
  world.pass(60);
  await world.report();
  expect(await reportOf(id)).toMatchObject({ status: "posted" });
  expect(await told(world)).toEqual(["queued"]);
});

test("one installation that GitHub fails for does not hold up the others for long", async () => {
  const [broken, well] = [freshRepository(), freshRepository()];
  const installed = installationOf(broken.full_name);
  const world = await openWorld({
    mode: "app",
    installations: [installed, installationOf(well.full_name)],
  });
  await world.double.fault({ installation_id: installed.id }, serverError, 0);
  for (let turn = 0; turn < 12; turn++) {
    await queueHeads(world, broken, 5, turn * 10);
    await queueHeads(world, well, 1, turn * 10);
    await world.report();
    world.pass(60);
  }
  await world.report();
  expect(
    await count("SELECT count(*) FROM reports WHERE status = 'posted' AND repository_id = ?1", well.id),
  ).toBe(12);
});

test("a suspended installation's reports die with what GitHub said", async () => {
  const repository = freshRepository();
  const suspended = { ...installationOf(repository.full_name), suspended: true };
  const world = await openWorld({ mode: "app", installations: [suspended] });
  await queueHeads(world, repository, 1);
  await world.report();
  expect(await rows("SELECT class, error FROM dead_letters")).toEqual([
    { class: "permission", error: expect.stringContaining("This installation has been suspended") },
  ]);
});

test("follows a repository that was renamed", async () => {
  const { world, repository } = await worldOf("token");
  const [id = ""] = await queueHeads(world, repository, 1);
  const moved = "octo/moved";
  await world.double.fault(
    { operation_id: "repos/create-commit-status" },
    {
      status: 307,
      headers: { location: `${world.double.url}/repos/${repository.full_name}/statuses/${"a".repeat(40)}` },
      body: { message: "Moved Permanently", url: moved },
    },
  );
  await world.report();
  expect(await reportOf(id)).toMatchObject({ status: "posted" });
  expect(await shown(world)).toBe("pending");
});

test("a batch takes as many statements for fifteen reports as for one", async () => {
  const batches: number[] = [];
  for (const size of [1, 15]) {
    await empty();
    const { world, repository } = await worldOf("app");
    await queueHeads(world, repository, size);
    const watched = countStatements(env.DB);
    await world.report(world.another({}, watched.db));
    batches.push(watched.statements());
    expect(await count("SELECT count(*) FROM reports WHERE status = 'posted'")).toBe(size);
  }
  expect(batches[1]).toBe(batches[0]);
});

test("writes one line a batch, with its outcome", async () => {
  const { world, repository } = await worldOf("token");
  await queueHeads(world, repository, 3);
  await world.double.fault({ operation_id: "repos/create-commit-status" }, forbidden);
  await world.report();
  const lines = world.lines.map((line) => JSON.parse(line)).filter(({ event }) => event === "report.batch");
  expect(lines).toMatchObject([{ claimed: 3, posted: 2, permission: 1 }]);
});
