/**
 * `npm test`: every check of the project, one after the other, with all that failed told at the end. The last line is
 * `N passed, N failed`, where each check counts as one and each test as one.
 *
 *   npm test                       everything
 *   npm test -- --project shared   arguments go to Vitest, and only the tests run
 */
import { type SpawnOptions, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { localEnvironment } from "@webhook-gateway/shared/child-environment.mjs";
import { type AuditOutcome, runAudit } from "./audit.ts";
import { ROOT } from "./settings.ts";
import { exitOf } from "./wrangler.ts";

type Check = { readonly name: string } & (
  | { readonly command: readonly string[] }
  | { readonly run: () => Promise<AuditOutcome> }
);

const typesOf = (worker: string): Check => ({
  name: `bindings of the ${worker}`,
  command: [
    ...["wrangler", "types", `${worker}/worker-configuration.d.ts`, "-c", `wrangler.${worker}.toml`],
    ...[
      "-e",
      "development",
      "--include-runtime=false",
      "--strict-vars=false",
      "--env-interface",
      "Env",
      "--check",
    ],
  ],
});

/** What would be deployed, as far as it can be told without an account. */
const deploymentOf = (worker: string, environment: string): Check => ({
  name: `deployment of the ${worker} to ${environment}`,
  command: [
    ...["wrangler", "deploy", "--dry-run", "-c", `wrangler.${worker}.toml`, "--env", environment],
    ...["--outdir", path.join(tmpdir(), `webhook-gateway-${worker}-${environment}`)],
  ],
});

/** What each Worker may weigh: what is uploaded is what every cold start parses. */
const SIZES: Check = { name: "sizes of the Workers", command: ["node", "bench/src/bundle-size.ts"] };

/** In CI alone: news of a package are not a contributor's failure. */
const AUDIT: Check = { name: "known vulnerabilities", run: runAudit };

const CHECKS: readonly Check[] = [
  { name: "format and lint", command: ["biome", "ci", "--error-on-warnings", "."] },
  ...(process.env.CI === undefined ? [] : [AUDIT]),
  ...[
    "tsconfig.json",
    "shared/tsconfig.json",
    "producer/tsconfig.json",
    "consumer/tsconfig.json",
    "bench/tsconfig.json",
  ].map((config) => ({ name: `types of ${config}`, command: ["tsc", "-p", config] })),
  typesOf("producer"),
  typesOf("consumer"),
  ...["development", "staging", "production"].flatMap((environment) => [
    deploymentOf("producer", environment),
    deploymentOf("consumer", environment),
  ]),
  SIZES,
];

interface Counts {
  readonly passed: number;
  readonly failed: number;
}

/** What nobody answered, told at the end: neither passed nor failed. */
const notAsked: string[] = [];

/** Runs a program of `node_modules/.bin`, or of the PATH where it is not there. @returns its exit code */
function run(command: readonly string[], options: SpawnOptions = {}): Promise<number> {
  const [program = "", ...args] = command;
  const env = {
    ...localEnvironment(process.env),
    WRANGLER_SEND_METRICS: "false",
    WRANGLER_HIDE_BANNER: "true",
  };
  const installed = path.join(ROOT, "node_modules/.bin", program);
  return exitOf(
    spawn(existsSync(installed) ? installed : program, args, {
      cwd: ROOT,
      env,
      stdio: ["ignore", "inherit", "inherit"],
      ...options,
    }),
  );
}

async function runChecks(): Promise<Counts> {
  const failed: string[] = [];
  for (const check of CHECKS) {
    console.log(`\n── ${check.name}`);
    const outcome = await outcomeOf(check);
    if (outcome === "failed") failed.push(check.name);
    if (outcome === "not asked") notAsked.push(check.name);
  }
  for (const name of failed) console.error(`FAILED: ${name}`);
  return { passed: CHECKS.length - failed.length - notAsked.length, failed: failed.length };
}

async function outcomeOf(check: Check): Promise<AuditOutcome> {
  if ("run" in check) return check.run();
  return (await run(check.command)) === 0 ? "passed" : "failed";
}

async function runTests(args: readonly string[]): Promise<Counts> {
  const dir = mkdtempSync(path.join(tmpdir(), "webhook-gateway-test-"));
  const report = path.join(dir, "report.json");
  try {
    const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
    const code = await run(["vitest", "run", ...reporters, ...args]);
    return countTests(report, code);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** A run that broke before it could count its tests is one failure; so are a skipped test and an empty run. */
function countTests(report: string, code: number): Counts {
  try {
    const parsed: Record<string, unknown> = JSON.parse(readFileSync(report, "utf8"));
    const count = (key: string): number => Number(parsed[key] ?? 0);
    const passed = count("numPassedTests");
    const failed = count("numFailedTests") + count("numPendingTests") + count("numTodoTests");
    const broken = code !== 0 || passed === 0 ? 1 : 0;
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
  return ["--exclude", "cli/test/e2e/dashboard.test.ts"];
}

const args = process.argv.slice(2);
const checks = args.length === 0 ? await runChecks() : { passed: 0, failed: 0 };
console.log("\n── tests");
const tests = await runTests([...args, ...withoutBrowser()]);
const passed = checks.passed + tests.passed;
const failed = checks.failed + tests.failed;
for (const name of notAsked)
  console.warn(`\nNOT ASKED: ${name}: the registry gave no answer; this says nothing of them`);
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
