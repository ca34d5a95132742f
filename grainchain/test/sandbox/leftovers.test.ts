import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { waitFor } from "../../../test/support/patience.ts";
import { sweepLeftovers } from "../../src/sandbox/leftovers.ts";
import { isRunning } from "../support/poll.ts";
import { makeDirectory } from "../support/repositories.ts";

function deadPid(): number {
  return spawnSync("true").pid;
}

test("removes the directories of dead processes and no others", async () => {
  const directory = makeDirectory();
  const dead = `grainchain-${deadPid()}-abcDEF`;
  const kept = [`grainchain-${process.pid}-abcDEF`, "grainchain-1-abcDEF", "grainchain-notes", "other"];
  for (const name of [dead, ...kept]) mkdirSync(join(directory, name, "checkout"), { recursive: true });
  expect(await sweepLeftovers(directory)).toBe(1);
  expect(existsSync(join(directory, dead))).toBe(false);
  expect(kept.filter((name) => existsSync(join(directory, name)))).toEqual(kept);
});

test.runIf(process.platform === "linux")("kills what a dead server's sandbox still runs", async () => {
  const directory = makeDirectory();
  const name = `grainchain-${deadPid()}-abcDEF`;
  mkdirSync(join(directory, name));
  const child = spawn("sleep", ["300"], { env: { PATH: process.env.PATH, GRAINCHAIN_SANDBOX: name } });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  const pid = child.pid ?? 0;
  expect(isRunning(pid)).toBe(true);
  await sweepLeftovers(directory);
  await waitFor("the child's end", () => (isRunning(pid) ? undefined : true));
});
