import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { gitEnvironment } from "@webhook-gateway/shared/process/child-environment.mjs";
import { expect, test } from "vitest";
import { makeDirectory } from "../../../test/system/repositories.ts";
import { openProject, type Project } from "../support/fake-wrangler-project.ts";

const YES = ["provision", "--env", "staging", "--yes"];
const KEPT = [...YES, "--secrets-file", "kept"];
const NO_ANSWER = "would be in a git checkout, and git does not say whether it ignores it";

const initialize = ({ dir }: Project): void => {
  execFileSync("git", ["init", "--quiet", dir], { env: gitEnvironment(process.env) });
};

/** A folder for PATH, with a git of this kind alone. */
function pathWithGit(script: string): string {
  const folder = makeDirectory();
  writeFileSync(path.join(folder, "git"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return folder;
}

test("keeps no secrets in a file that git would commit", async () => {
  const project = await openProject();
  initialize(project);

  const refused = await project.run(KEPT);

  expect(refused).toMatchObject({
    code: 2,
    stderr:
      "error: kept would be in a git checkout that does not ignore it: name a file elsewhere, such as ../kept\n",
  });
  expect(project.calls()).toEqual([]);

  writeFileSync(path.join(project.dir, ".gitignore"), "kept\n");
  expect(await project.run(KEPT)).toMatchObject({ code: 0 });
});

test("keeps no secrets behind a link into a checkout", async () => {
  const project = await openProject();
  const checkout = makeDirectory();
  execFileSync("git", ["init", "--quiet", checkout], { env: gitEnvironment(process.env) });
  symlinkSync(checkout, path.join(project.dir, "link"));

  const ran = await project.run([...YES, "--secrets-file", "link/kept"]);

  expect(ran).toMatchObject({ code: 2, stderr: expect.stringContaining("that does not ignore it") });
});

test.each<[string, string, string]>([
  [
    "another user's",
    "echo \"fatal: detected dubious ownership in repository at '/srv/it'\nTo add an exception\" >&2; exit 128",
    "(detected dubious ownership in repository at '/srv/it')",
  ],
  ["one that git fails in without a message", "exit 3", "(it ended with exit code 3)"],
  ["one in which git is killed", "kill -9 $$", "(it was ended by SIGKILL)"],
])("keeps no secrets in a checkout if git does not answer: %s", async (_, script, reason) => {
  const project = await openProject();
  initialize(project);

  const ran = await project.run(KEPT, { PATH: pathWithGit(script) });

  expect(ran).toMatchObject({
    code: 2,
    stderr: `error: kept ${NO_ANSWER} ${reason}: name a file elsewhere, such as ../kept\n`,
  });
  expect(project.calls()).toEqual([]);
});

test("keeps no secrets below a .git that git cannot read", async () => {
  const project = await openProject();
  writeFileSync(path.join(project.dir, ".git"), "nonsense\n");
  mkdirSync(path.join(project.dir, "below/it"), { recursive: true });

  const ran = await project.run([...YES, "--secrets-file", "below/it/kept"]);

  expect(ran).toMatchObject({ code: 2, stderr: expect.stringContaining(`${NO_ANSWER} (`) });
});

test("keeps no secrets in a checkout if git is not installed", async () => {
  const project = await openProject();
  initialize(project);

  const ran = await project.run(KEPT, { PATH: makeDirectory() });

  expect(ran).toMatchObject({
    code: 2,
    stderr: expect.stringContaining(`${NO_ANSWER} (it is not installed)`),
  });
});

test.each([
  ["git", {}],
  ["a git that is not installed", { PATH: "/nowhere" }],
])("keeps them outside of any checkout, whatever the answer of %s", async (_, env) => {
  const project = await openProject();

  expect(await project.run(KEPT, env)).toMatchObject({ code: 0 });
});
