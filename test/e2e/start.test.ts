/**
 * `npm start`, five times in two checkouts. A start takes longer than all the checks: each test continues where the one
 * before it ended.
 */
import { once } from "node:events";
import { createServer } from "node:http";
import path from "node:path";
import { beforeAll, expect, test } from "vitest";
import { sendDelivery } from "../../cli/src/api/delivery.ts";
import { buildPayload } from "../../cli/src/input/payload.ts";
import { waitUntil } from "../support/patience.ts";
import { fireLocalCron } from "../system/cron.ts";
import { openDatabaseFile } from "../system/database-file.ts";
import { cleanUpAfterFile } from "../system/file-end.ts";
import { childOf, pidsWith, processesWith } from "../system/processes.ts";
import { environment, type Program, queryD1, SECRET, startProgram } from "../system/program.ts";
import { appliedTo, applyOldMigrations, migrationNames, OLD_MIGRATIONS } from "./support/old-state.ts";

const whenDone = cleanUpAfterFile();
const start = (args: readonly string[], env: Readonly<Record<string, string>>): Program =>
  startProgram(["start", ...args], env, { whenDone });

type Place = Awaited<ReturnType<typeof environment>>;

const leftOver = ({ stateDir, grainchainPort }: Place): string[] => [
  ...processesWith(stateDir),
  ...processesWith(`--port ${grainchainPort}`),
];
const waitUntilNothingIsLeft = (place: Place) => waitUntil("no process", () => leftOver(place).length === 0);

/** The hook that its crons check; nothing answers there. */
const GITHUB = {
  GITHUB_TOKEN: "ghp_start",
  GITHUB_API_URL: "http://127.0.0.1:1",
  RECONCILE_HOOKS: "org:acme/5",
};

let here: Place;
let there: Place;
/** The running gateways of this checkout and of the other one. */
let gateway: Program;
let other: Program;
/** A Grainchain that the other gateway is configured with, and the requests to it. */
const asked: string[] = [];
const grainchain = createServer((request, response) => {
  asked.push(`${request.method} ${request.url} ${request.headers.authorization}`);
  response.writeHead(422).end();
});

beforeAll(async () => {
  [here, there] = [await environment(), await environment()];
});

test("applies the migrations that are missing in an older state, and shows the demo", async () => {
  await applyOldMigrations(here.stateDir);
  const before = await appliedTo(here.stateDir);
  expect(before).toHaveLength(OLD_MIGRATIONS);

  gateway = start([], here.env);
  await gateway.waitForLine(/^demo: done/);

  expect(gateway.stdout[0]).toBe(`ready ${here.url}`);
  const steps = [
    "accepted 202",
    "recorded",
    "dispatched",
    "running",
    "completed success",
    "reported skipped",
  ];
  const printed = gateway.lines.filter((line) => line.startsWith("  ")).map((line) => line.trim());
  const seen = steps.map((step) => printed.findIndex((line) => line.startsWith(step)));
  expect(seen).not.toContain(-1);
  expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  const after = await appliedTo(here.stateDir);
  expect(after.slice(0, OLD_MIGRATIONS)).toEqual(before);
  expect(after.map(({ name }) => name)).toEqual(migrationNames());
});

test("serves every route, and D1 to npm run d1", async () => {
  const { env, url } = here;
  expect(await (await fetch(`${url}/health`)).json()).toMatchObject({
    status: "healthy",
    environment: "development",
  });
  expect(await (await fetch(url)).json()).toMatchObject({ service: "webhook-gateway", status: "running" });
  expect(await (await fetch(`${url}/webhook/projects/demo/widgets/status`)).json()).toMatchObject({
    webhook_configured: true,
    status: "active",
    counts: { queued: 0, running: 0, completed: 1, failed: 0 },
  });
  expect((await fetch(`${url}/webhook/github`, { method: "POST", body: "{}" })).status).toBe(400);
  expect((await fetch(`${url}/webhook/status`, { method: "POST", body: "{}" })).status).toBe(401);
  const rows = await queryD1(env, "SELECT state, conclusion FROM validations");
  expect(rows).toEqual([{ state: "completed", conclusion: "success" }]);
  const table = startProgram(["d1", "SELECT state, conclusion FROM validations"], env);
  await once(table.child, "close");
  expect(table.lines).toEqual(["state      conclusion", "completed  success"]);
});

test("lets nobody run SQL or a command over its ports", async () => {
  for (const path of [
    "/cdn-cgi/local/explorer",
    "/cdn-cgi/local/explorer/api/d1/database",
    "/cdn-cgi/explorer",
  ])
    expect((await fetch(`${here.url}${path}`)).status, path).toBe(404);
  const grainchain = `http://127.0.0.1:${here.grainchainPort}/api/v1/validation`;
  expect((await fetch(`${grainchain}/trigger`, { method: "POST", body: "{}" })).status).toBe(401);
});

test("ends at SIGTERM, and leaves no process", async () => {
  expect(leftOver(here)).not.toEqual([]);
  expect(await gateway.stop("SIGTERM")).toBe(0);
  expect(leftOver(here)).toEqual([]);
});

test("keeps D1 across a restart, repeats no migration, and skips the demo if told to", async () => {
  const applied = await appliedTo(here.stateDir);
  grainchain.listen(there.grainchainPort, "127.0.0.1");
  gateway = start(["--no-demo"], { ...here.env, ...GITHUB });
  other = start(["--no-demo"], {
    ...{ ...there.env, ...GITHUB },
    GRAINCHAIN_API_URL: `http://127.0.0.1:${there.grainchainPort}`,
    GRAINCHAIN_API_KEY: "environment-key",
  });
  await Promise.all([gateway.waitForLine(/^ready /), other.waitForLine(/^ready /)]);

  const status = await fetch(`${here.url}/webhook/projects/demo/widgets/status`);
  expect(await status.json()).toMatchObject({ counts: { completed: 1 } });
  expect(gateway.lines.filter((line) => line.includes("demo"))).toEqual([]);
  expect(await appliedTo(here.stateDir)).toEqual(applied);
});

test("fires crons at its own consumer, the first immediately, while another gateway runs on the machine", async () => {
  for (const { stateDir } of [here, there]) {
    // Only the cron starts retention.
    const trace = "SELECT name FROM settings WHERE name = 'retention:due'";
    await waitUntil("a cron", async () => (await openDatabaseFile(stateDir)(trace)).length === 1);
  }

  for (const { url } of [here, there]) await fireLocalCron(url);
  for (const { stateDir } of [here, there]) {
    const looked = await openDatabaseFile(stateDir)(
      "SELECT name FROM settings WHERE name LIKE 'reconcile:%'",
    );
    expect(looked).toEqual([{ name: "reconcile:org:acme/5" }]);
  }
});

test("prefers the environment to .dev.vars for both Workers, and starts no second Grainchain", async () => {
  const body = JSON.stringify(buildPayload("pull_request.opened", { repo: "acme/widgets", now: new Date() }));
  const sent = await sendDelivery(there.url, SECRET, { event: "pull_request", body });

  expect(sent.status).toBe(202);
  await waitUntil("a request to the named Grainchain", () => asked.length > 0);
  expect(asked[0]).toBe("POST /api/v1/validation/trigger-batch Bearer environment-key");
});

let ended: Promise<unknown>;

test("keeps running when the workerd of another gateway is killed", async () => {
  const [workerd] = pidsWith(`--socket-addr=entry=localhost:${here.port}`);
  ended = once(gateway.child, "exit");
  process.kill(Number(workerd), "SIGKILL");
  expect(leftOver(here)).not.toEqual([]);

  expect((await fetch(`${there.url}/health`)).status).toBe(200);
});

test("leaves no process when npm's child is killed with SIGKILL", async () => {
  grainchain.close();
  expect(leftOver(there)).not.toEqual([]);
  process.kill(Number(other.child.pid), "SIGKILL");

  await waitUntilNothingIsLeft(there);
});

test("starts again with the same state, and leaves no process when the supervisor is killed with SIGKILL", async () => {
  const again = start([], there.env);
  await again.waitForLine(/^ {2}completed success/);
  expect(leftOver(there)).not.toEqual([]);

  process.kill(Number(childOf(again.child.pid)), "SIGKILL");

  await waitUntilNothingIsLeft(there);
});

test("starts once more, ends at SIGINT, and leaves no process", async () => {
  const again = start([], there.env);
  await again.waitForLine(/^ {2}completed success/);
  expect(leftOver(there)).not.toEqual([]);

  expect(await again.stop("SIGINT")).toBe(0);

  expect(leftOver(there)).toEqual([]);
});

test("exits with an error that says where to look if workerd is killed and no longer answers", async () => {
  await ended;

  expect(gateway.child.exitCode).toBe(1);
  expect(gateway.lines).toContain(
    `error: the Workers have not answered for 30 s; their log is ${path.join(here.stateDir, "logs/gateway.log")}`,
  );
  expect(leftOver(here)).toEqual([]);
});
