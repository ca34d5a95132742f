import { describe, expect, test } from "vitest";
import { type CheckoutFiles, detectSteps } from "../../src/steps/detection.ts";

const NOTHING: CheckoutFiles = { hasPackageLock: false, hasPytestIni: false, hasPythonTests: false };

function detect(files: Partial<CheckoutFiles>): string[] {
  const plan = detectSteps({ ...NOTHING, ...files });
  return plan.kind === "steps" ? plan.steps.map((step) => `${step.name}: ${step.run}`) : [plan.message];
}

const npm = (data: unknown) => ({ packageJson: JSON.stringify(data) });

describe("detectSteps", () => {
  test("finds nothing in an empty checkout", () => {
    expect(detect({})).toEqual([]);
  });

  test.each<[string, Partial<CheckoutFiles>, string[]]>([
    ["npm scripts", npm({ scripts: { test: "t", lint: "l" } }), ["lint: npm run lint", "test: npm test"]],
    [
      "npm's placeholder for tests",
      npm({ scripts: { test: 'echo "Error: no test specified" && exit 1' } }),
      [],
    ],
    ["no scripts", npm({ dependencies: { a: "1" } }), []],
    [
      "dependencies",
      npm({ scripts: { test: "t" }, dependencies: { a: "1" } }),
      ["install: npm install --no-audit --no-fund", "test: npm test"],
    ],
    [
      "locked development dependencies",
      { ...npm({ scripts: { lint: "l" }, devDependencies: { a: "1" } }), hasPackageLock: true },
      ["install: npm ci --no-audit --no-fund", "lint: npm run lint"],
    ],
    ["a Makefile", { makefile: "all:\n\ttrue\ntest: all\n\ttrue\n" }, ["test: make test"]],
    ["a rule for several targets", { makefile: "lint test:: all\n\ttrue\n" }, ["test: make test"]],
    ["a Makefile without tests", { makefile: ".PHONY: test\ntest := 1\ntests:\n\ttest: x\n# test:\n" }, []],
    ["pytest.ini", { hasPytestIni: true }, ["test: python3 -m pytest"]],
    [
      "pytest in pyproject",
      { pyproject: "[project]\n[tool.pytest.ini_options]\n" },
      ["test: python3 -m pytest"],
    ],
    ["pyproject without pytest", { pyproject: "[project]\n" }, []],
    ["Python tests", { hasPythonTests: true }, ["test: python3 -m pytest"]],
    [
      "npm and make",
      { ...npm({ scripts: { test: "t" } }), makefile: "test:\n\tnpm test\n" },
      ["test: npm test"],
    ],
    [
      "npm's lint and Python tests",
      { ...npm({ scripts: { lint: "l" } }), hasPythonTests: true },
      ["lint: npm run lint", "test: python3 -m pytest"],
    ],
    ["a package.json that is not JSON", { packageJson: "{" }, ["package.json is not valid JSON"]],
    ["scripts that are not an object", npm({ scripts: "x" }), ["package.json: scripts must be an object"]],
    ["a package.json that is a list", npm([]), ["package.json must be an object"]],
  ])("detects the steps of %s", (_what, files, expected) => {
    expect(detect(files)).toEqual(expected);
  });
});
