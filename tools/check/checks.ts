/** What `npm test` checks besides the tests. One check runs on each core, and prints when it has ended. */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import path from "node:path";
import { localEnvironment } from "@webhook-gateway/shared/process/child-environment.mjs";
import { ROOT } from "@webhook-gateway/shared/process/root.mjs";
import pLimit from "p-limit";
import { resultOf } from "../local/child.ts";
import { type AuditOutcome, runAudit } from "./audit.ts";

interface Result {
  readonly outcome: AuditOutcome;
  readonly output: string;
}

interface NamedResult extends Result {
  readonly name: string;
}

interface Check {
  readonly name: string;
  readonly run: () => Promise<Result>;
}

/** The names of the checks by their outcome. */
export type Checked = Readonly<Record<AuditOutcome, readonly string[]>>;

export async function runChecks(): Promise<Checked> {
  const bundles = mkdtempSync(path.join(tmpdir(), "webhook-gateway-bundles-"));
  try {
    const results = [...(await runAll(checks(bundles))), ...(await runAll([sizes(bundles)]))];
    const named = (outcome: AuditOutcome): string[] =>
      results.filter((result) => result.outcome === outcome).map(({ name }) => name);
    return { passed: named("passed"), failed: named("failed"), "not asked": named("not asked") };
  } finally {
    rmSync(bundles, { recursive: true, force: true });
  }
}

const runAll = (checks: readonly Check[]): Promise<NamedResult[]> =>
  pLimit(availableParallelism()).map(checks, runCheck);

async function runCheck({ name, run }: Check): Promise<NamedResult> {
  const begun = performance.now();
  const result = await run();
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  const lines = [`── ${name}: ${result.outcome} (${seconds} s)`, result.output.trim()];
  console.log(`\n${lines.filter((line) => line !== "").join("\n")}`);
  return { name, ...result };
}

const checks = (bundles: string): Check[] => [
  command("format and lint", ["biome", "ci", "--error-on-warnings", "."]),
  command("Markdown", ["markdownlint-cli2"]),
  ...[
    "tsconfig.json",
    ...["shared", "producer", "consumer", "bench"].map((name) => `${name}/tsconfig.json`),
  ].map((config) => command(`types of ${config}`, ["tsc", "-p", config])),
  ...["development", "staging", "production"].flatMap((environment) => [
    deploymentOf("producer", environment, bundles),
    deploymentOf("consumer", environment, bundles),
  ]),
  bindingsOf("producer"),
  bindingsOf("consumer"),
  // Only in CI: a newly published vulnerability is not a contributor's failure.
  ...(process.env.CI === undefined ? [] : [{ name: "known vulnerabilities", run: runAudit }]),
];

const bindingsOf = (worker: string): Check =>
  command(`bindings of the ${worker}`, [
    ...["wrangler", "types", `${worker}/worker-configuration.d.ts`, "-c", `wrangler.${worker}.toml`],
    ...["-e", "development", "--include-runtime=false", "--strict-vars=false"],
    ...["--env-interface", "Env", "--check"],
  ]);

/** Builds what would be deployed, as far as that works without an account. */
const deploymentOf = (worker: string, environment: string, bundles: string): Check =>
  command(`deployment of the ${worker} to ${environment}`, [
    ...["wrangler", "deploy", "--dry-run", "-c", `wrangler.${worker}.toml`, "--env", environment],
    ...["--outdir", path.join(bundles, environment, worker)],
  ]);

/** The size limits of the Workers: every cold start parses what is uploaded. */
const sizes = (bundles: string): Check =>
  command("sizes of the Workers", ["node", "bench/src/bundle-size.ts", path.join(bundles, "production")]);

/** Passes if a program exits with 0. It is taken from `node_modules/.bin`, or else from the PATH. */
function command(name: string, [program = "", ...args]: readonly string[]): Check {
  const installed = path.join(ROOT, "node_modules/.bin", program);
  const run = async (): Promise<Result> => {
    const child = spawn(existsSync(installed) ? installed : program, args, {
      cwd: ROOT,
      env: {
        ...localEnvironment(process.env),
        ...TOOL_SETTINGS,
        ...(process.stdout.isTTY ? { FORCE_COLOR: "1" } : {}),
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const { code, stdout, stderr } = await resultOf(child);
    return { outcome: code === 0 ? "passed" : "failed", output: stdout + stderr };
  };
  return { name, run };
}

/** For programs that check this checkout. */
export const TOOL_SETTINGS = { WRANGLER_SEND_METRICS: "false", WRANGLER_HIDE_BANNER: "true" };
