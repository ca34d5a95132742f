/**
 * `npm test`: every check of the project and then its tests, with all that failed told at the end. The last line is
 * `N passed, N failed`, where each check counts as one and each test as one.
 *
 *   npm test                       everything
 *   npm test -- --project shared   arguments go to Vitest, and only the tests run
 *   npm test -- --changed          the tests of what is not committed yet
 */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { ROOT } from "@webhook-gateway/shared/process/root.mjs";
import { exitOf } from "../local/wrangler.ts";
import { runChecks, toolEnvironment } from "./checks.ts";

const args = process.argv.slice(2);
const onlyChanged = args.some((arg) => arg.startsWith("--changed"));

interface Counts {
  readonly passed: number;
  readonly failed: number;
}

async function runTests(args: readonly string[]): Promise<Counts> {
  const dir = mkdtempSync(path.join(tmpdir(), "webhook-gateway-test-"));
  const report = path.join(dir, "report.json");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  try {
    const child = spawn(path.join(ROOT, "node_modules/.bin/vitest"), ["run", ...reporters, ...args], {
      cwd: ROOT,
      env: toolEnvironment(),
      stdio: ["ignore", "inherit", "inherit"],
    });
    return countTests(report, await exitOf(child));
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/**
 * A run that broke before it could count its tests is one failure; so are a skipped test and an empty run, unless it is
 * one of what has changed.
 */
function countTests(report: string, code: number): Counts {
  try {
    const parsed: Record<string, unknown> = JSON.parse(readFileSync(report, "utf8"));
    const count = (key: string): number => Number(parsed[key] ?? 0);
    const passed = count("numPassedTests");
    const failed = count("numFailedTests") + count("numPendingTests") + count("numTodoTests");
    const broken = code !== 0 || (passed === 0 && !onlyChanged) ? 1 : 0;
    return { passed, failed: Math.max(failed, broken) };
  } catch {
    return { passed: 0, failed: 1 };
  }
}

/** A machine without a browser still has all the other tests; CI has one, and there a missing one is a failure. */
function withoutBrowser(): readonly string[] {
  const browser = process.env.CHROMIUM_PATH ?? "/usr/bin/chromium";
  if (existsSync(browser) || process.env.CI !== undefined) return [];
  console.warn(
    `The tests of the dashboard in a browser are left out: there is no ${browser} (Debian: apt install chromium).`,
  );
  return ["--exclude", "test/e2e/dashboard*.test.ts"];
}

const checked = args.length === 0 ? await runChecks() : undefined;
console.log("\n── tests");
const tests = await runTests([...args, ...withoutBrowser()]);
const passed = (checked?.passed.length ?? 0) + tests.passed;
const failed = (checked?.failed.length ?? 0) + tests.failed;
for (const name of checked?.failed ?? []) console.error(`\nFAILED: ${name}`);
for (const name of checked?.["not asked"] ?? [])
  console.warn(`\nNOT ASKED: ${name}: the registry gave no answer; this says nothing of them`);
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
