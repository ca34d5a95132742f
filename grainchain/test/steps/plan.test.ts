import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { planSteps } from "../../src/steps/plan.ts";
import { makeDirectory, stepsFile } from "../support/repositories.ts";

function makeCheckout(files: Record<string, string>): string {
  const directory = makeDirectory();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), text);
  }
  return directory;
}

async function plannedRuns(files: Record<string, string>): Promise<string[]> {
  const plan = await planSteps(makeCheckout(files));
  return plan.kind === "steps" ? plan.steps.map((step) => step.run) : [plan.message];
}

const PACKAGE = JSON.stringify({ scripts: { test: "t" }, dependencies: { a: "1" } });

test.each<[string, Record<string, string>, string[]]>([
  ["nothing", { "README.md": "" }, []],
  [
    "the steps file before anything else",
    { ".grainchain.yml": stepsFile({ a: "one" }), Makefile: "test:\n" },
    ["one"],
  ],
  ["package.json", { "package.json": PACKAGE }, ["npm install --no-audit --no-fund", "npm test"]],
  [
    "package.json with a lock file",
    { "package.json": PACKAGE, "package-lock.json": "{}" },
    ["npm ci --no-audit --no-fund", "npm test"],
  ],
  ["a Makefile", { Makefile: "test:\n\ttrue\n" }, ["make test"]],
  ["pytest.ini", { "pytest.ini": "[pytest]\n" }, ["python3 -m pytest"]],
  ["pyproject.toml", { "pyproject.toml": "[tool.pytest.ini_options]\n" }, ["python3 -m pytest"]],
  ["Python tests deep in tests", { "tests/unit/test_a.py": "" }, ["python3 -m pytest"]],
  ["no Python tests elsewhere", { "src/test_a.py": "", "tests/a.py": "" }, []],
])("plans from %s", async (_what, files, runs) => {
  expect(await plannedRuns(files)).toEqual(runs);
});

test("does not follow a steps file that is a link out of the checkout", async () => {
  const directory = makeCheckout({});
  symlinkSync("/etc/passwd", join(directory, ".grainchain.yml"));
  expect(await planSteps(directory)).toEqual({
    kind: "invalid",
    message: ".grainchain.yml is not a regular file",
  });
});

test.each([
  ["a Makefile that is a link", { "build/rules.mk": "test:\n" }, "Makefile", "is not a regular file"],
  ["a huge Makefile", { Makefile: "#".repeat(1024 ** 2 + 1) }, "Makefile", "is larger than 1048576 bytes"],
  ["a pyproject.toml that is a link", {}, "pyproject.toml", "is not a regular file"],
  ["a pytest.ini that is a link", {}, "pytest.ini", "is not a regular file"],
])("does not report that there is nothing to run if %s could not be read", async (_, files, name, reason) => {
  const directory = makeCheckout(files);
  if (!(name in files)) symlinkSync("build/rules.mk", join(directory, name));

  expect(await planSteps(directory)).toEqual({ kind: "invalid", message: `${name} ${reason}` });
});

test("ignores an unreadable file if other files name the tests", async () => {
  const directory = makeCheckout({ "package.json": JSON.stringify({ scripts: { test: "t" } }) });
  symlinkSync("build/rules.mk", join(directory, "Makefile"));

  expect(await planSteps(directory)).toEqual({ kind: "steps", steps: [{ name: "test", run: "npm test" }] });
});

test("does not treat an unreadable folder as one without a steps file", async () => {
  const directory = makeCheckout({ "not-a-folder": "" });

  expect(await planSteps(join(directory, "not-a-folder"))).toEqual({
    kind: "invalid",
    message: ".grainchain.yml cannot be read (ENOTDIR)",
  });
});

test("does not read a huge steps file", async () => {
  expect(await plannedRuns({ ".grainchain.yml": "#".repeat(1024 ** 2 + 1) })).toEqual([
    ".grainchain.yml is larger than 1048576 bytes",
  ]);
});
