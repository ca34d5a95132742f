import { once } from "node:events";
import { expect, test } from "vitest";
import { waitUntil } from "../../../test/support/patience.ts";
import { makeDeadLetter, makeDeadLetterDetail, makeReplay } from "../support/items.ts";
import { page, type Replies, refused, startOperatorServer } from "../support/operator-server.ts";

const PREVIEW = {
  body: { dry_run: true, total: 2, sample: [makeDeadLetter(), makeDeadLetter({ id: "dl-2" })] },
};

/** A gateway with two dead letters, and a replay of them that goes on like this. */
const deadLetters = (...replays: readonly Parameters<typeof makeReplay>[0][]): Replies => ({
  "POST /api/replays": [PREVIEW, { status: 202, body: makeReplay() }],
  "GET /api/replays/replay-1": replays.map((changes) => ({ body: makeReplay(changes) })),
});

test("in a dry run shows the dead letters, and changes nothing", async () => {
  const server = await startOperatorServer(deadLetters());

  const ran = await server.run("dlq", "replay", "--kind", "dispatch", "--dry-run");

  expect(ran).toMatchObject({ code: 0, stderr: "" });
  expect(ran.stdout).toMatch(/^2 dead letters to replay:\n.*\ndl-1 .*\ndl-2 .*\n$/);
  expect(server.asked.map(({ route, body }) => ({ route, body }))).toEqual([
    { route: "POST /api/replays", body: { scope: { filter: { kind: "dispatch" } }, dry_run: true } },
  ]);
});

test("shows the dead letters, then follows the replay to its end", async () => {
  const server = await startOperatorServer(deadLetters({ replayed: 1 }, { replayed: 2, status: "done" }));

  const ran = await server.run(
    ...["dlq", "replay", "dl-1", "dl-2", "--rate", "60", "--reason", "it is fixed", "--yes"],
    ...["--output", "json"],
  );

  expect(ran.code).toBe(0);
  expect(JSON.parse(ran.stdout)).toEqual(makeReplay({ replayed: 2, status: "done" }));
  expect(ran.stderr).toContain("2 dead letters to replay:\n");
  const request = { scope: { ids: ["dl-1", "dl-2"] }, reason: "it is fixed", rate: 60 };
  expect(server.asked.map(({ route, body }) => ({ route, body }))).toEqual([
    { route: "POST /api/replays", body: { ...request, dry_run: true } },
    { route: "POST /api/replays", body: request },
    { route: "GET /api/replays/replay-1", body: undefined },
    { route: "GET /api/replays/replay-1", body: undefined },
  ]);
});

test("discards", async () => {
  const done = makeReplay({ action: "discard", replayed: 2, status: "done" });
  const server = await startOperatorServer({ "POST /api/dead-letters/discard": [PREVIEW, { body: done }] });

  const ran = await server.run("dlq", "discard", "--all", "--yes");

  expect(ran.code).toBe(0);
  expect(ran.stdout).toContain("discard       replay-1\nstatus        done\ndead letters  2 of 2 done\n");
  expect(server.asked[1]?.body).toEqual({ scope: { all: true } });
});

test("does nothing without a terminal to ask on, unless --yes is passed", async () => {
  const server = await startOperatorServer(deadLetters());

  const ran = await server.run("dlq", "replay", "--all");

  expect(ran).toMatchObject({ code: 1, stdout: "" });
  expect(ran.stderr).toContain("2 dead letters to replay:\n");
  expect(ran.stderr).toContain(
    "error: nothing was done: there is no terminal to ask on; confirm the replay with --yes",
  );
  expect(server.asked).toHaveLength(1);
});

test.each([
  ["replay", "POST /api/replays", "replay"],
  ["discard", "POST /api/dead-letters/discard", "discard"],
] as const)("asks for no confirmation before it %ss one that is named", async (verb, route, action) => {
  const ended = makeReplay({ action, total: 1, replayed: 1, status: "done" });
  const preview = { dry_run: true, total: 1, sample: [makeDeadLetter()] };
  const server = await startOperatorServer({ [route]: [{ body: preview }, { body: ended }] });

  expect(await server.run("dlq", verb, "dl-1")).toMatchObject({ code: 0 });
  expect(server.asked).toHaveLength(2);
});

test("asks for a confirmation if two are named", async () => {
  const server = await startOperatorServer(deadLetters());

  expect(await server.run("dlq", "replay", "dl-1", "dl-2")).toMatchObject({ code: 1 });
  expect(server.asked).toHaveLength(1);
});

test.each([
  [
    "dead letters that could not be replayed",
    { replayed: 2, failed: 1, status: "done" as const },
    "error: 1 of 2 could not be replayed and are open again: gateway dlq list\n",
  ],
  [
    "a replay that was cancelled",
    { replayed: 1, status: "cancelled" as const },
    "error: it was cancelled after 1 of 2\n",
  ],
])("ends with 1 for %s", async (_, end, message) => {
  const server = await startOperatorServer(deadLetters(end));

  const ran = await server.run("replays", "show", "replay-1", "--follow", "--output", "json");

  expect(ran.code).toBe(1);
  expect(JSON.parse(ran.stdout)).toEqual(makeReplay(end));
  expect(ran.stderr).toContain(message);
});

test.each([
  [
    "being replayed",
    { status: "replaying" as const, replay_id: "replay-1" },
    1,
    "is already being replayed, by replay-1",
  ],
  ["replayed", { status: "replayed" as const }, 3, "is not open: its status is replayed"],
])("says why a dead letter that is %s is left alone", async (_, changes, code, message) => {
  const server = await startOperatorServer({
    "POST /api/replays": { body: { dry_run: true, total: 0, sample: [] } },
    "GET /api/dead-letters/dl-1": { body: makeDeadLetterDetail(changes) },
  });

  const ran = await server.run("dlq", "replay", "dl-1", "--yes");

  expect(ran).toEqual({ code, stdout: "", stderr: `error: dl-1 ${message}\n` });
});

test("says how many of the named dead letters it leaves alone", async () => {
  const server = await startOperatorServer(deadLetters());

  const ran = await server.run("dlq", "replay", "dl-1", "dl-2", "nope", "--dry-run");

  expect(ran).toMatchObject({ code: 0, stderr: "1 of 3 dead letters are not open and are left alone\n" });
});

test("says that a replay had already ended before it was cancelled", async () => {
  const server = await startOperatorServer({
    "POST /api/replays/replay-1/cancel": { body: makeReplay({ status: "done" }) },
  });

  expect(await server.run("replays", "cancel", "replay-1")).toMatchObject({
    code: 0,
    stderr: "it had already ended\n",
  });
});

test("refuses what is already being replayed", async () => {
  const server = await startOperatorServer({
    "POST /api/replays": [PREVIEW, refused(409, "replay_under_way", "being replayed already: dl-1")],
  });

  const ran = await server.run("dlq", "replay", "dl-1", "--yes");

  expect(ran).toMatchObject({ code: 1, stdout: "" });
  expect(ran.stderr).toContain("error: being replayed already: dl-1");
});

test("says that a replay may have started if its answer is lost", async () => {
  const server = await startOperatorServer({
    "POST /api/replays": [PREVIEW, refused(503, "storage_unavailable", "D1 does not answer")],
  });

  const ran = await server.run("dlq", "replay", "--all", "--yes");

  expect(ran.code).toBe(1);
  expect(ran.stderr).toContain(
    "error: D1 does not answer (request request-1); it may have started anyway: gateway replays list\n",
  );
});

test("says so if there are more dead letters than were shown", async () => {
  const server = await startOperatorServer({
    "POST /api/replays": [
      PREVIEW,
      { status: 202, body: makeReplay({ total: 3, replayed: 3, status: "done" }) },
    ],
  });

  const ran = await server.run("dlq", "replay", "--all", "--yes");

  expect(ran.code).toBe(0);
  expect(ran.stderr).toContain("now 3 dead letters match\n");
});

test.each(["SIGINT", "SIGTERM"] as const)(
  "leaves the replay running at %s, and says how to follow and cancel it",
  async (signal) => {
    const server = await startOperatorServer(deadLetters({ replayed: 1 }));
    const { child, ended } = server.start("dlq", "replay", "--all", "--yes", "--url", server.url);
    await waitUntil("the replay to be followed", () =>
      server.asked.some(({ route }) => route.startsWith("GET")),
    );

    // Twice, as a shell and the program that started it pass it on.
    child.kill(signal);
    child.kill(signal);

    const ran = await ended;
    expect(ran.code).toBe(1);
    expect(ran.stdout).toContain("1 of 2 done");
    expect(ran.stderr).toContain(
      `to follow it: gateway --url ${server.url} replays show replay-1 --follow\n`,
    );
    expect(ran.stderr).toContain(`to cancel it: gateway --url ${server.url} replays cancel replay-1\n`);
    expect(server.asked.filter(({ route }) => route.includes("cancel"))).toEqual([]);
  },
);

test("ends quietly if its reader closes the pipe", async () => {
  const items = Array.from({ length: 200 }, (_, index) => makeDeadLetter({ id: `dl-${index}` }));
  const server = await startOperatorServer({ "GET /api/dead-letters": page(items) });
  const { child, ended } = server.start("dlq", "list", "--output", "json");
  const closed = once(child, "close");
  ended.catch(() => undefined);
  child.stdout?.destroy();

  await closed;

  expect(child.exitCode).toBe(0);
});
