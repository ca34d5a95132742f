import { once } from "node:events";
import { createServer } from "node:http";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { waitFor } from "../../../grainchain/test/support/poll.ts";
import { sendDelivery } from "../../src/delivery.ts";
import { buildPayload } from "../../src/payload.ts";
import { openDatabase } from "./support/database.ts";
import { childOf, pidsWith, processesWith } from "./support/processes.ts";
import { environment, fireCron, type Program, queryD1, SECRET, startProgram } from "./support/program.ts";

test("starts, shows the demo, serves every route, keeps D1 over a restart and leaves no process", async () => {
  const { env, url, stateDir, grainchainPort } = await environment();
  const leftOver = () => [...processesWith(stateDir), ...processesWith(`--port ${grainchainPort}`)];
  const first = startProgram(["start"], env);
  await first.waitForLine(/^demo: done/);

  expect(first.stdout[0]).toBe(`ready ${url}`);
  const steps = [
    "accepted 202",
    "recorded",
    "dispatched",
    "running",
    "completed success",
    "reported skipped",
  ];
  const printed = first.lines.filter((line) => line.startsWith("  ")).map((line) => line.trim());
  const seen = steps.map((step) => printed.findIndex((line) => line.startsWith(step)));
  expect(seen).not.toContain(-1);
  expect(seen).toEqual(seen.toSorted((a, b) => a - b));

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

  expect(leftOver()).not.toEqual([]);
  expect(await first.stop("SIGTERM")).toBe(0);
  expect(leftOver()).toEqual([]);

  const second = startProgram(["start", "--no-demo"], env);
  await second.waitForLine(/^ready /);
  const status = await fetch(`${url}/webhook/projects/demo/widgets/status`);
  expect(await status.json()).toMatchObject({ counts: { completed: 1 } });
  expect(second.lines.filter((line) => line.includes("demo"))).toEqual([]);
  expect(await second.stop("SIGINT")).toBe(0);
  expect(leftOver()).toEqual([]);
});

test.each([
  ["npm's child", (program: Program) => program.child.pid],
  ["the supervisor", (program: Program) => childOf(program.child.pid)],
])("leaves no process when %s is killed outright, and starts again over the same state", async (_, pidOf) => {
  const { env, stateDir, grainchainPort } = await environment();
  const leftOver = () => [...processesWith(stateDir), ...processesWith(`--port ${grainchainPort}`)];
  const first = startProgram(["start", "--no-demo"], env);
  await first.waitForLine(/^ready /);

  process.kill(Number(pidOf(first)), "SIGKILL");

  await waitFor("no process", () => (leftOver().length === 0 ? true : undefined));
  const second = startProgram(["start"], env);
  await second.waitForLine(/^ {2}completed success/);
});

test("ends with an error that says where to look when workerd is killed and no longer answers", async () => {
  const { env, stateDir, port } = await environment();
  const program = startProgram(["start", "--no-demo"], env);
  const ended = once(program.child, "exit");
  await program.waitForLine(/^ready /);

  const [workerd] = pidsWith(`--socket-addr=entry=localhost:${port}`);
  process.kill(Number(workerd), "SIGKILL");
  await ended;

  expect(program.child.exitCode).toBe(1);
  expect(program.lines).toContain(
    `error: the Workers have not answered for 30 s; their log is ${path.join(stateDir, "logs/gateway.log")}`,
  );
  expect(processesWith(stateDir)).toEqual([]);
});

test("lets the environment win over .dev.vars for both Workers, and starts no second Grainchain", async () => {
  const { env, url, grainchainPort } = await environment();
  const asked: string[] = [];
  const grainchain = createServer((request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers.authorization}`);
    response.writeHead(503).end();
  });
  grainchain.listen(grainchainPort, "127.0.0.1");
  onTestFinished(() => void grainchain.close());
  const program = startProgram(["start", "--no-demo"], {
    ...env,
    GRAINCHAIN_API_URL: `http://127.0.0.1:${grainchainPort}`,
    GRAINCHAIN_API_KEY: "environment-key",
  });
  await program.waitForLine(/^ready /);

  const body = JSON.stringify(buildPayload("pull_request.opened", { repo: "acme/widgets", now: new Date() }));
  const requested = once(grainchain, "request");
  const sent = await sendDelivery(url, SECRET, { event: "pull_request", body });

  expect(sent.status).toBe(202);
  await requested;
  expect(asked[0]).toBe("POST /api/v1/validation/trigger-batch Bearer environment-key");
});

test("fires crons at its own consumer, the first at once, while another gateway runs on the machine", async () => {
  const places = [await environment(), await environment()];
  const github = {
    GITHUB_TOKEN: "ghp_start",
    GITHUB_API_URL: "http://127.0.0.1:1",
    RECONCILE_HOOKS: "org:acme/5",
  };
  const gateways = places.map(({ env }) => startProgram(["start", "--no-demo"], { ...env, ...github }));
  for (const gateway of gateways) await gateway.waitForLine(/^ready /);

  for (const { env } of places) {
    // Only the cron looks after retention.
    const askForTrace = () => queryD1(env, "SELECT name FROM settings WHERE name = 'retention:due'");
    await expect.poll(askForTrace, { timeout: 30_000 }).toHaveLength(1);
  }

  for (const { url } of places) await fireCron(url);
  for (const { url } of places) {
    const looked = await openDatabase(url)("SELECT name FROM settings WHERE name LIKE 'reconcile:%'");
    expect(looked).toEqual([{ name: "reconcile:org:acme/5" }]);
  }
});

test.each(["PORT", "GRAINCHAIN_PORT"] as const)("names the port where %s is taken", async (name) => {
  const { env } = await environment();
  const taken = createServer();
  taken.listen(Number(env[name]), "127.0.0.1");
  await once(taken, "listening");
  onTestFinished(() => void taken.close());

  const program = startProgram(["start"], env);
  await once(program.child, "close");

  expect(program.child.exitCode).toBe(1);
  expect(program.lines).toContain(`error: port ${env[name]} is taken; set ${name} to another one`);
});

test.each([
  [
    "a bad value, for both Workers",
    { WEBHOOK_DEBUG_MODE: "perhaps", GRAINCHAIN_TIMEOUT: "soon" },
    [],
    [
      "error: producer: bad configuration: WEBHOOK_DEBUG_MODE (bad type)",
      "error: consumer: bad configuration: WEBHOOK_DEBUG_MODE (bad type), GRAINCHAIN_TIMEOUT (bad regex)",
    ],
  ],
  [
    "a newline after a secret",
    { GITHUB_WEBHOOK_SECRET: "MARKER\n", GITHUB_TOKEN: "MARKER\n" },
    [],
    [
      "error: producer: bad configuration: GITHUB_WEBHOOK_SECRET (has whitespace around it)",
      "error: consumer: bad configuration: GITHUB_TOKEN (has whitespace around it)",
    ],
  ],
  ["an unknown option", {}, ["--demoless"], ["error: Unknown option '--demoless'; known: --no-demo"]],
])("names %s, and starts nothing", async (_, given, options, errors) => {
  const { env } = await environment();

  const program = startProgram(["start", ...options], { ...env, ...given });
  await once(program.child, "close");

  expect(program.child.exitCode).toBe(1);
  expect(program.lines.filter((line) => line.startsWith("error"))).toEqual(errors);
  expect(program.stdout.join()).not.toContain("ready");
});
