/** What `npm test` looks at besides the tests. As many checks run at once as there are cores; each prints once it has ended. */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { localEnvironment } from "@webhook-gateway/shared/process/child-environment.mjs";
import { ROOT } from "@webhook-gateway/shared/process/root.mjs";
import pLimit from "p-limit";
import { exitOf } from "../local/wrangler.ts";
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

/** Names of checks, by what came of them. */
export type Checked = Readonly<Record<AuditOutcome, readonly string[]>>;

/** Runs them all. */
export async function runChecks(): Promise<Checked> {
  const bundles = mkdtempSync(path.join(tmpdir(), "webhook-gateway-bundles-"));
  try {
    const results = [...(await runAll(checks(bundles))), ...(await runAll([sizes(bundles)]))];
    const named = (wanted: AuditOutcome): string[] =>
      results.flatMap(({ name, outcome }) => (outcome === wanted ? [name] : []));
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
  // In CI alone: news of a package are not a contributor's failure.
  ...(process.env.CI === undefined ? [] : [{ name: "known vulnerabilities", run: runAudit }]),
];

const bindingsOf = (worker: string): Check =>
  command(`bindings of the ${worker}`, [
    ...["wrangler", "types", `${worker}/worker-configuration.d.ts`, "-c", `wrangler.${worker}.toml`],
    ...["-e", "development", "--include-runtime=false", "--strict-vars=false"],
    ...["--env-interface", "Env", "--check"],
  ]);

/** What would be deployed, as far as it can be told without an account. */
const deploymentOf = (worker: string, environment: string, bundles: string): Check =>
  command(`deployment of the ${worker} to ${environment}`, [
    ...["wrangler", "deploy", "--dry-run", "-c", `wrangler.${worker}.toml`, "--env", environment],
    ...["--outdir", path.join(bundles, environment, worker)],
  ]);

/** What each Worker may weigh: what is uploaded is what every cold start parses. */
const sizes = (bundles: string): Check =>
  command("sizes of the Workers", ["node", "bench/src/bundle-size.ts", path.join(bundles, "production")]);

/** Passes where a program of `node_modules/.bin`, or of the PATH where it is not there, ends with 0. */
function command(name: string, [program = "", ...args]: readonly string[]): Check {
  const installed = path.join(ROOT, "node_modules/.bin", program);
  const run = async (): Promise<Result> => {
    const child = spawn(existsSync(installed) ? installed : program, args, {
      cwd: ROOT,
      env: { ...toolEnvironment(), ...(process.stdout.isTTY ? { FORCE_COLOR: "1" } : {}) },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const [code, stdout, stderr] = await Promise.all([exitOf(child), text(child.stdout), text(child.stderr)]);
    return { outcome: code === 0 ? "passed" : "failed", output: stdout + stderr };
  };
  return { name, run };
}

/** For programs that look at this checkout. */
export const toolEnvironment = (): NodeJS.ProcessEnv => ({
  ...localEnvironment(process.env),
  WRANGLER_SEND_METRICS: "false",
  WRANGLER_HIDE_BANNER: "true",
});
