import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { describeMachine } from "../../bench/src/machine.ts";
import { commitFiles as commitForGrainchain } from "../../grainchain/test/support/repositories.ts";
import { makeOddHome, makeOtherRepository } from "../../shared/test/support/surroundings.ts";
import { commitFiles } from "../../test/system/repositories.ts";
import { makePullRequest } from "../local/demo-repository.ts";

const makeDirectory = (): string => mkdtempSync(path.join(tmpdir(), "surroundings-"));

/** Gives this process variables for one test. */
function surroundWith(variables: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  onTestFinished(() => void vi.unstubAllEnvs());
}

/** Whatever of this project runs git in its own process. */
const RUNS_GIT: [string, () => unknown][] = [
  ["the demo", () => makePullRequest(makeDirectory())],
  ["the end-to-end tests", () => commitFiles(makeDirectory(), "acme/app", { a: "one" })],
  ["Grainchain's tests", () => commitForGrainchain(makeDirectory(), { a: "one" })],
  ["a benchmark's report", () => describeMachine(0)],
];

test("the demo prints git's error if git fails", async () => {
  const demoRepos = makeDirectory();
  mkdirSync(path.join(demoRepos, "demo/widgets"), { recursive: true });
  writeFileSync(path.join(demoRepos, "demo/widgets/.git"), "nonsense");

  await expect(makePullRequest(demoRepos)).rejects.toThrow(
    /^git init failed: fatal: invalid gitfile format: /,
  );
});

describe.each(RUNS_GIT)("%s", (_, run) => {
  test.each([
    ["GIT_DIR", ["GIT_DIR"]],
    ["GIT_INDEX_FILE", ["GIT_INDEX_FILE"]],
    ["all that a hook of it is given", undefined],
  ])("leaves another repository as it is under %s", async (_name, names) => {
    const other = makeOtherRepository();
    const before = other.files();
    const chosen = Object.entries(other.variables).filter(([name]) => names?.includes(name) ?? true);
    surroundWith(Object.fromEntries(chosen));

    await run();

    expect(other.files()).toEqual(before);
  });

  test("works whatever the person's git configuration says", async () => {
    const home = makeOddHome();
    surroundWith({ HOME: home, XDG_CONFIG_HOME: home, GIT_CONFIG_GLOBAL: path.join(home, ".gitconfig") });

    await run();
  });
});
