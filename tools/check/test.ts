/**
 * `npm test`: runs every check of the project and then its tests, and lists at the end what failed. The last line is
 * `N passed, N failed`, which counts each check and each test once.
 *
 *   npm test                       everything
 *   npm test -- --project shared   arguments go to Vitest, and only the tests run
 *   npm test -- --changed          the tests of uncommitted changes
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { localEnvironment } from "@webhook-gateway/shared/process/child-environment.mjs";
import * as v from "valibot";
import { runChecks, TOOL_SETTINGS } from "./checks.ts";
import { runVitest } from "./vitest.ts";

const args = process.argv.slice(2);
const onlyChanged = args.some((arg) => arg.startsWith("--changed"));

const counts = v.object({
  numPassedTests: v.number(),
  numFailedTests: v.number(),
  numPendingTests: v.number(),
  numTodoTests: v.number(),
});

/**
 * A run that broke before it could count its tests is one failure. So are a skipped test and an empty run, unless only
 * the tests of changes were asked for.
 */
async function runTests(): Promise<{ readonly passed: number; readonly failed: number }> {
  const { code, report } = await runVitest(["run", ...args, ...withoutBrowser()], TOOL_SETTINGS);
  const parsed = v.safeParse(counts, report);
  if (!parsed.success) return { passed: 0, failed: 1 };
  const { numPassedTests: passed, numFailedTests, numPendingTests, numTodoTests } = parsed.output;
  const broken = code !== 0 || (passed === 0 && !onlyChanged) ? 1 : 0;
  return { passed, failed: Math.max(numFailedTests + numPendingTests + numTodoTests, broken) };
}

/** Without a browser the other tests still run. In CI there is one, and a missing one is a failure. */
function withoutBrowser(): readonly string[] {
  const browser = process.env.CHROMIUM_PATH ?? "/usr/bin/chromium";
  if (existsSync(browser) || process.env.CI !== undefined) return [];
  console.warn(
    `Skipping the browser tests of the dashboard: ${browser} is missing (Debian: apt install chromium).`,
  );
  return ["--exclude", "test/e2e/dashboard*.test.ts"];
}

/** Nor without the shells that the tests of completion ask. */
function withoutShells(): void {
  const env = localEnvironment(process.env);
  for (const shell of ["zsh", "fish"]) {
    if (process.env.CI === undefined && spawnSync(shell, ["--version"], { env }).error !== undefined)
      console.warn(
        `Skipping the completion tests of ${shell}: it is missing (Debian: apt install ${shell}).`,
      );
  }
}

withoutShells();
const checked = args.length === 0 ? await runChecks() : { passed: [], failed: [], "not asked": [] };
console.log("\n── tests");
const tests = await runTests();
const failed = checked.failed.length + tests.failed;
for (const name of checked.failed) console.error(`\nFAILED: ${name}`);
for (const name of checked["not asked"])
  console.warn(`\nNOT ASKED: ${name}: the registry did not answer, so nothing is known`);
console.log(`\n${checked.passed.length + tests.passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
