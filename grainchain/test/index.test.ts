import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { waitFor } from "../../test/support/patience.ts";
import { isRunning, waitForFile } from "./support/poll.ts";
import { startReceiver } from "./support/receiver.ts";
import { commitFiles, makeDirectory, stepsFile } from "./support/repositories.ts";
import { requestBody } from "./support/system.ts";

const ENTRY = fileURLToPath(new URL("../src/index.ts", import.meta.url));

function startProgram(args: string[], env: Record<string, string> = {}, withIpc = false) {
  const options = { env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env } };
  const child: ChildProcess = withIpc
    ? fork(ENTRY, args, { ...options, execArgv: [], silent: true })
    : spawn(process.execPath, [ENTRY, ...args], options);
  const output = { stdout: "", stderr: "" };
  child.stdout?.on("data", (chunk) => {
    output.stdout += chunk;
  });
  child.stderr?.on("data", (chunk) => {
    output.stderr += chunk;
  });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  // After a disconnect by this process, "close" is never emitted; otherwise it comes once all output is read.
  const exited = once(child, withIpc ? "exit" : "close").then(([code]) => Number(code));
  const url = () =>
    waitFor("the program to listen", () => {
      const line = output.stdout.split("\n")[0] ?? "";
      return line.endsWith("}") ? String(JSON.parse(line).url) : undefined;
    });
  return { child, output, exited, url };
}

/** Starts the program with a validation that hangs; returns the id of its grandchild process. */
async function startHanging(withIpc = false) {
  const reposDir = makeDirectory();
  const mark = join(makeDirectory(), "pid");
  const steps = stepsFile({ hang: `sleep 300 & echo $! > ${mark}; wait` });
  const head_sha = commitFiles(join(reposDir, "acme", "app"), { ".grainchain.yml": steps });
  const receiver = await startReceiver();
  // Its step marks where it runs in a file outside of its sandbox.
  const env = { GRAINCHAIN_REPOS: reposDir, GRAINCHAIN_ISOLATION: "none" };
  const program = startProgram(["--port", "0"], env, withIpc);
  const body = JSON.stringify(requestBody({ head_sha, webhook_url: receiver.url }));
  const response = await fetch(`${await program.url()}/api/v1/validation/trigger`, { method: "POST", body });
  expect(response.status).toBe(200);
  return { ...program, receiver, grandchild: Number(await waitForFile(mark)) };
}

function directoriesOf(pid: number | undefined): string[] {
  return readdirSync(tmpdir()).filter((name) => name.startsWith(`grainchain-${pid}-`));
}

test("logs first where it listens and what it is for", async () => {
  const { url, output } = startProgram(["--port", "0"]);
  const health = await fetch(`${await url()}/health`);
  expect(health.status).toBe(200);
  expect(JSON.parse(output.stdout.split("\n")[0] ?? "")).toMatchObject({
    event: "grainchain.started",
    url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
    notice: expect.stringContaining("development and demonstration"),
  });
});

test.each(["SIGTERM", "SIGINT"] as const)("ends everything it runs on %s", async (signal) => {
  const { child, exited, grandchild, receiver } = await startHanging();
  expect(isRunning(grandchild)).toBe(true);
  expect(directoriesOf(child.pid)).toHaveLength(1);
  child.kill(signal);
  expect(await exited).toBe(0);
  expect(isRunning(grandchild)).toBe(false);
  expect(directoriesOf(child.pid)).toEqual([]);
  expect(receiver.statuses()).toEqual(["running", "failed"]);
});

test("ends if the program that started it is gone", async () => {
  const { child, exited, grandchild } = await startHanging(true);
  child.disconnect();
  expect(await exited).toBe(0);
  expect(isRunning(grandchild)).toBe(false);
});

test("names the port that is already in use, in one line", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
  });
  const address = server.address();
  const port = String(typeof address === "object" ? address?.port : "");
  const { output, exited } = startProgram([], { GRAINCHAIN_PORT: port });
  expect(await exited).toBe(1);
  expect(output).toEqual({
    stdout: "",
    stderr: expect.stringMatching(new RegExp(`^grainchain: [^\\n]*\\b${port}\\b[^\\n]*\\n$`)),
  });
});

test.each([
  [["--nope"], {}, "--nope"],
  [["--host", "0.0.0.0"], {}, "--allow-remote"],
  [[], { GRAINCHAIN_CONCURRENCY: "many" }, "GRAINCHAIN_CONCURRENCY"],
])("refuses %j %j with exit code 2 and one line", async (args, env, word) => {
  const { output, exited } = startProgram(args, env);
  expect(await exited).toBe(2);
  expect(output.stdout).toBe("");
  expect(output.stderr).toMatch(/^grainchain: [^\n]+\n$/);
  expect(output.stderr).toContain(word);
});

test("says how it isolates steps, and what that means", async () => {
  const { output, exited } = startProgram(["--check"], { GRAINCHAIN_ISOLATION: "none" });
  expect(await exited).toBe(0);
  expect(output.stdout).toMatch(
    /^isolation: none\nsteps run as this user .*untrusted changes are refused\nprovider: local\n$/,
  );
});

test("refuses to start or to be called fine without the isolation that it is to have", async () => {
  const env = { GRAINCHAIN_ISOLATION: "bubblewrap", PATH: makeDirectory() };
  for (const args of [[], ["--check"]]) {
    const { output, exited } = startProgram(args, env);
    expect(await exited).toBe(1);
    expect(output).toEqual({
      stdout: "",
      stderr: "grainchain: bubblewrap does not work here: bwrap is not installed\n",
    });
  }
});

test("shows its help", async () => {
  const { output, exited } = startProgram(["--help"]);
  expect(await exited).toBe(0);
  expect(output.stdout).toContain("Usage:");
});
