/** The demo's repository: small but real, with one more pull request at every start. */

import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { gitEnvironment } from "@webhook-gateway/shared/process/child-environment.mjs";
import { GatewayError } from "../../cli/src/exit.ts";

/** Its name at the gateway, and its folder. */
export const DEMO_REPOSITORY = "demo/widgets";

export interface PullRequest {
  readonly number: number;
  readonly head: string;
}

/** Commits a change on a branch of its own, the next pull request. @throws GatewayError */
export async function makePullRequest(
  demoRepos: string,
  change: Readonly<Record<string, string>> = {},
): Promise<PullRequest> {
  const dir = path.join(demoRepos, DEMO_REPOSITORY);
  await mkdir(path.join(dir, "src"), { recursive: true });
  const git = gitIn(dir);
  await git("init", "--quiet", "--initial-branch=main");
  if ((await git("branch", "--list", "main")).trim() === "") {
    await writeFiles(dir, INITIAL_FILES);
    await git("add", "--all");
    await git("commit", "--quiet", "--message", "Widgets that can be counted");
  }
  const branches = (await git("branch", "--list", "pull-*")).split("\n").filter((line) => line.trim() !== "");
  const number = branches.length + 1;
  await git("checkout", "--quiet", "-B", `pull-${number}`, "main");
  await writeFiles(dir, { "CHANGES.md": `Pull request ${number}, ${new Date().toISOString()}\n`, ...change });
  await git("add", "--all");
  await git("commit", "--quiet", "--message", `Note change ${number}`);
  return { number, head: (await git("rev-parse", "HEAD")).trim() };
}

type Git = (...args: string[]) => Promise<string>;

/** Git in one repository. @throws GatewayError with what git printed */
function gitIn(dir: string): Git {
  const run = promisify(execFile);
  const options = { cwd: dir, env: gitEnvironment(process.env) };
  return async (...args) => {
    try {
      return (await run("git", args, options)).stdout;
    } catch (thrown) {
      throw new GatewayError(`git ${args[0]} failed: ${outputOf(thrown)}`);
    }
  };
}

/** What a failed program printed, or else the error of Node. */
function outputOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return "unknown";
  const printed = "stderr" in thrown && "stdout" in thrown ? `${thrown.stderr}${thrown.stdout}`.trim() : "";
  return printed === "" ? thrown.message : printed;
}

async function writeFiles(dir: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(dir, name), text);
}

const INITIAL_FILES = {
  ".grainchain.yml": `steps:
  - name: syntax
    run: node --check src/widgets.mjs
  - name: test
    run: node --test
    timeout: 30
`,
  "src/widgets.mjs": `export const countWidgets = (boxes) => boxes.reduce((sum, box) => sum + box.widgets, 0);
`,
  "src/widgets.test.mjs": `import assert from "node:assert/strict";
import { test } from "node:test";
import { countWidgets } from "./widgets.mjs";

test("counts the widgets of every box", () => {
  assert.equal(countWidgets([{ widgets: 2 }, { widgets: 3 }]), 5);
});

test("counts nothing if there is no box", () => {
  assert.equal(countWidgets([]), 0);
});
`,
};
