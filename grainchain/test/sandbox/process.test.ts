import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { type ProcessSpec, runProcess } from "../../src/sandbox/process.ts";
import { isRunning, waitForFile } from "../support/poll.ts";
import { makeDirectory } from "../support/repositories.ts";

let runs = 0;

function runShell(script: string, spec: Partial<ProcessSpec> = {}) {
  const directory = spec.cwd ?? makeDirectory();
  runs += 1;
  return runProcess({
    command: "sh",
    args: ["-c", script],
    cwd: directory,
    env: { PATH: process.env.PATH ?? "" },
    sandboxId: `process-test-${process.pid}-${runs}`,
    scratchDirectory: makeDirectory(),
    timeoutMs: 20_000,
    limits: {},
    signal: new AbortController().signal,
    ...spec,
  });
}

describe("runProcess", () => {
  test("reports the exit code and both outputs in the order they were written", async () => {
    const { end, output } = await runShell("for i in 1 2 3; do echo out$i; echo err$i >&2; done; exit 5");
    expect(end).toEqual({ kind: "exited", exitCode: 5 });
    expect(output.text()).toBe("out1\nerr1\nout2\nerr2\nout3\nerr3\n");
  });

  test("gives a command output streams that it can open by name, and closed input", async () => {
    const { output } = await runShell("echo a > /dev/stderr; echo b > /dev/stdout; read x || echo none");
    expect(output.text()).toBe("a\nb\nnone\n");
  });

  test("gives a command only the environment of its spec", async () => {
    vi.stubEnv("GRAINCHAIN_TEST_SECRET", "hidden");
    const { output } = await runShell("env", { env: { PATH: process.env.PATH ?? "", LANG: "C" } });
    const names = output
      .text()
      .trim()
      .split("\n")
      .map((line) => line.split("=")[0]);
    expect(names.sort()).toEqual(["GRAINCHAIN_SANDBOX", "LANG", "PATH", "PWD"]);
  });

  test("reports which signal ended a command", async () => {
    expect((await runShell("kill -SEGV $$")).end).toEqual({ kind: "signalled", signal: "SIGSEGV" });
  });

  test("reports that a command could not be started", async () => {
    expect((await runShell("true", { cwd: "/nonexistent" })).end).toEqual({
      kind: "not_started",
      reason: "ENOENT",
    });
  });

  test("keeps only the end of a huge output", async () => {
    const { output, end } = await runShell("yes 0123456789abcde | head -c 200000000; echo; echo the end");
    expect(end).toEqual({ kind: "exited", exitCode: 0 });
    expect(Buffer.byteLength(output.text())).toBeLessThanOrEqual(8192);
    expect(output.text()).toMatch(/the end\n$/);
  });

  test("kills a command over its time limit, with its children", async () => {
    const cwd = makeDirectory();
    const run = runShell("sh -c 'sleep 300 & echo $! > pid; wait'; true", { cwd, timeoutMs: 2000 });
    const grandchild = Number(await waitForFile(join(cwd, "pid")));
    expect(isRunning(grandchild)).toBe(true);
    expect((await run).end).toEqual({ kind: "timed_out" });
    expect(isRunning(grandchild)).toBe(false);
  });

  test("lets a command clean up once when its time is over", async () => {
    const { output } = await runShell("trap 'echo term' TERM; sleep 300; echo cleaned", { timeoutMs: 1500 });
    expect(output.text().match(/term$/gm)).toEqual(["term"]);
    expect(output.text()).toMatch(/cleaned\n$/);
  });

  test("kills a command that ignores SIGTERM", async () => {
    const { end, durationMs } = await runShell("trap '' TERM; while :; do sleep 1; done", {
      timeoutMs: 1500,
    });
    expect(end).toEqual({ kind: "timed_out" });
    expect(durationMs).toBeGreaterThan(2000);
  });

  test("kills what outlives its command in the group, without waiting for it", async () => {
    const cwd = makeDirectory();
    const { end, durationMs } = await runShell("sleep 300 & echo $! > pid", { cwd });
    expect(end).toEqual({ kind: "exited", exitCode: 0 });
    expect(durationMs).toBeLessThan(300_000);
    expect(isRunning(Number(await waitForFile(join(cwd, "pid"))))).toBe(false);
  });

  test.runIf(process.platform === "linux")("finds and kills what has left the group", async () => {
    const cwd = makeDirectory();
    const { end } = await runShell(
      "setsid sh -c 'echo $$ > pid; exec sleep 300' & until [ -s pid ]; do sleep 0.05; done",
      {
        cwd,
      },
    );
    expect(end).toEqual({ kind: "exited", exitCode: 0 });
    expect(isRunning(Number(await waitForFile(join(cwd, "pid"))))).toBe(false);
  });

  test("kills a command whose group uses too much memory, including its children", async () => {
    const hog = "node -e 'const b=[];setInterval(()=>b.push(Buffer.alloc(2e7,1)),20)'";
    const { end } = await runShell(`${hog} & wait`, { limits: { memoryBytes: 150 * 1024 ** 2 } });
    expect(end).toMatchObject({ kind: "over_limit", exceeded: "memory" });
  });

  test("lets a command within its memory limit finish", async () => {
    const { end } = await runShell("sleep 0.5", { limits: { memoryBytes: 150 * 1024 ** 2 } });
    expect(end).toEqual({ kind: "exited", exitCode: 0 });
  });

  test("stops when it is cancelled, and does not start if it already is", async () => {
    const cwd = makeDirectory();
    const controller = new AbortController();
    const run = runShell("echo $$ > pid; exec sleep 300", { cwd, signal: controller.signal });
    const pid = Number(await waitForFile(join(cwd, "pid")));
    controller.abort();
    expect((await run).end).toEqual({ kind: "cancelled" });
    expect(isRunning(pid)).toBe(false);
    const again = await runShell("echo ran", { signal: controller.signal });
    expect(again).toMatchObject({ end: { kind: "cancelled" } });
    expect(again.output.text()).toBe("");
  });
});
