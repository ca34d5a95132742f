import { expect, test } from "vitest";
import { makeReconcile, makeReplay, makeValidation, VALIDATION_ID } from "../support/items.ts";
import { type Replies, startOperatorServer } from "../support/operator-server.ts";

const PREVIEW = { body: { dry_run: true, total: 2, sample: [makeValidation()] } };
const done = (action: "rerun" | "cancel", failed = 0) =>
  makeReplay({ action, total: 2, replayed: 2, failed, status: "done" });

const replies = (action: "rerun" | "cancel", failed = 0): Replies => ({
  [`POST /api/validations/${action}`]: [PREVIEW, { status: 202, body: makeReplay({ action }) }],
  "GET /api/replays/replay-1": { body: done(action, failed) },
});

test.each(["rerun", "cancel"] as const)("previews, confirms and follows a %s of many", async (action) => {
  const server = await startOperatorServer(replies(action));

  const refused = await server.run("validations", action, "--repo", "acme/widgets", "--state", "failed");
  expect(refused).toMatchObject({ code: 1, stdout: "" });
  expect(refused.stderr).toContain("2 validations to ");
  expect(refused.stderr).toContain(`confirm the ${action} with --yes`);
  const request = { scope: { filter: { repo: "acme/widgets", state: "failed" } } };
  expect(server.asked.map(({ body }) => body)).toEqual([{ ...request, dry_run: true }]);
});

test("runs many again at a rate, and says how many it left alone", async () => {
  const server = await startOperatorServer(replies("rerun", 1));

  const ran = await server.run(
    ...["validations", "rerun", "--state", "failed", "--pr", "12", "--rate", "60", "--reason", "outage"],
    "--yes",
  );

  expect(ran.code).toBe(0);
  expect(ran.stdout).toContain("validations  2 of 2 done, 1 left alone\n");
  expect(ran.stderr).toContain("1 of 2 were left alone: their timelines say why\n");
  expect(server.asked[1]?.body).toEqual({
    ...{ scope: { filter: { state: "failed", pr: "12" } }, rate: 60, reason: "outage" },
  });
});

test.each([
  [["validations", "rerun", "--all", "--yes"], "POST /api/validations/rerun"],
  [["validations", "cancel", VALIDATION_ID], "POST /api/validations/cancel"],
  [["dlq", "replay", "--all", "--yes"], "POST /api/replays"],
  [["reconcile"], "POST /api/reconciles"],
])("prints the id instead of waiting: %j --detach", async ([...args], route) => {
  const started = route.includes("reconcile") ? makeReconcile() : makeReplay();
  const reply = [PREVIEW, { status: 202, body: started }];
  const server = await startOperatorServer({
    [route]: route.includes("reconcile") ? reply.slice(1) : reply,
    "POST /api/replays": [{ body: { ...PREVIEW.body, sample: [] } }, { status: 202, body: started }],
  });

  expect(await server.run(...args, "--detach")).toMatchObject({ code: 0, stdout: `${started.id}\n` });
  expect(server.asked.some(({ route: asked }) => asked.startsWith("GET"))).toBe(false);
});

test("prints what it has started as an object with its id", async () => {
  const server = await startOperatorServer(replies("rerun"));

  const ran = await server.run("validations", "rerun", "--all", "--yes", "--detach", "--output", "json");

  expect(JSON.parse(ran.stdout)).toEqual(makeReplay({ action: "rerun" }));
});

test.each([
  [["validations", "rerun"], 2, "which validations? Name their ids, a filter"],
  [["validations", "cancel", "a", "--all"], 2, "ids and --all exclude each other"],
  [["validations", "rerun", "--state", "odd"], 2, "It must be some of"],
  [["validations", "rerun", "--all", "--dry-run"], 3, "no validation that can run again matches"],
  [["validations", "cancel", "a", "b", "--yes"], 3, "no validation that has not ended matches"],
])("refuses %j with %i", async ([...args], code, message) => {
  const nothing = { body: { dry_run: true, total: 0, sample: [] } };
  const server = await startOperatorServer({
    "POST /api/validations/rerun": nothing,
    "POST /api/validations/cancel": nothing,
  });

  const ran = await server.run(...args);

  expect(ran).toMatchObject({ code, stdout: "" });
  expect(ran.stderr).toContain(message);
});

test("shows the first of many in a dry run, and changes nothing", async () => {
  const server = await startOperatorServer(replies("cancel"));

  const ran = await server.run("validations", "cancel", "--all", "--dry-run");

  expect(ran).toMatchObject({ code: 0, stderr: "" });
  expect(ran.stdout).toMatch(/^2 validations to cancel, the first 1 of them:\n/);
  expect(server.asked).toHaveLength(1);
});
