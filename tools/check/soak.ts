/**
 * `npm run test:soak`: every test that tries things at random tries twenty times as much, and other things each time:
 * more seeds, more kills, larger bursts and more hostile input. For an hour or two of a machine, not for CI.
 *
 *   npm run test:soak                   everything
 *   SEED=4711 npm run test:soak         what that seed says
 *   npm run test:soak -- --project e2e  arguments go to Vitest
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { localEnvironment } from "@webhook-gateway/shared/process/child-environment.mjs";
import { ROOT } from "@webhook-gateway/shared/process/root.mjs";
import { exitOf } from "../local/wrangler.ts";

/** Whatever asks it how much to try is a soak test. */
const AMOUNT = path.join(ROOT, "test/support/amount.ts");
const VITEST = path.join(ROOT, "node_modules/vitest/vitest.mjs");

interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly startTime: number;
    readonly endTime: number;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

const seed = process.env.SEED || String(Math.floor(Math.random() * 2 ** 31));
const folder = mkdtempSync(path.join(tmpdir(), "webhook-gateway-soak-"));
const reportFile = path.join(folder, "report.json");
try {
  console.log(`SEED=${seed}`);
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${reportFile}`];
  const args = ["related", AMOUNT, "--run", "--testTimeout=0", ...reporters, ...process.argv.slice(2)];
  const env = { ...localEnvironment(process.env), SOAK: "1", SEED: seed };
  const code = await exitOf(spawn(process.execPath, [VITEST, ...args], { cwd: ROOT, env, stdio: "inherit" }));
  const failed = summarize(JSON.parse(readFileSync(reportFile, "utf8")));
  process.exitCode = code === 0 && failed === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Prints what each file took, and what failed. @returns how many failed */
function summarize({ testResults }: Report): number {
  console.log("\n── soak");
  let failed = 0;
  let passed = 0;
  for (const { name, startTime, endTime, assertionResults } of testResults) {
    const broken = assertionResults.filter(({ status }) => status !== "passed");
    failed += broken.length;
    passed += assertionResults.length - broken.length;
    const seconds = Math.round((endTime - startTime) / 1000);
    console.log(`${String(seconds).padStart(6)} s  ${path.relative(ROOT, name)}: ${assertionResults.length}`);
    for (const { fullName } of broken) console.log(`          FAILED: ${fullName}`);
  }
  console.log(`SEED=${seed}: ${passed} passed, ${failed} failed`);
  return failed;
}
