/**
 * `npm run test:soak`: runs every randomized test with twenty times as much input, and a new seed each time: more seeds,
 * more kills, larger bursts and more hostile input. It takes a machine an hour or two, and is not for CI.
 *
 *   npm run test:soak                   everything
 *   SEED=4711 npm run test:soak         repeats the run of that seed
 *   npm run test:soak -- --project e2e  arguments go to Vitest
 */
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { ROOT } from "@webhook-gateway/shared/process/root.mjs";
import * as v from "valibot";
import { runVitest } from "./vitest.ts";

/** Every test that asks this file how much to try is a soak test. */
const AMOUNT = "test/support/amount.ts";

const soakReport = v.object({
  testResults: v.array(
    v.object({
      name: v.string(),
      startTime: v.number(),
      endTime: v.number(),
      assertionResults: v.array(v.object({ status: v.string(), fullName: v.string() })),
    }),
  ),
});

const seed = process.env.SEED || String(Math.floor(Math.random() * 2 ** 31));
console.log(`SEED=${seed}`);
const args = ["run", "--testTimeout=0", ...soakTests(), ...process.argv.slice(2)];
const dir = mkdtempSync(path.join(tmpdir(), "webhook-gateway-soak-"));
/** A number a line: how many hostile inputs a file of tests has sent. */
const inputsFile = path.join(dir, "inputs");
writeFileSync(inputsFile, "");
const { code, report } = await runVitest(args, { SOAK: "1", SEED: seed, SOAK_INPUTS: inputsFile });
const inputs = readFileSync(inputsFile, "utf8")
  .split("\n")
  .reduce((sum, line) => sum + Number(line), 0);
rmSync(dir, { recursive: true });
const failed = summarize(v.parse(soakReport, report));
process.exitCode = code === 0 && failed === 0 ? 0 : 1;

/** By their imports: `vitest related` would run the dashboard's scripts to learn theirs. */
function soakTests(): string[] {
  const asked = new Map([[AMOUNT, true]]);
  const asks = (file: string): boolean => {
    const known = asked.get(file);
    if (known !== undefined) return known;
    asked.set(file, false);
    const imports = readFileSync(path.join(ROOT, file), "utf8").matchAll(
      /from "(\.[^"]*\/test\/[^"]+|\.\.?\/[^"]*support[^"]*)"/g,
    );
    const found = [...imports].some(([, name = ""]) => asks(path.join(path.dirname(file), name)));
    asked.set(file, found);
    return found;
  };
  const files = globSync("{cli,consumer,grainchain,producer,shared,test,tools}/**/*.test.ts", {
    cwd: ROOT,
    exclude: (name) => path.basename(name) === "node_modules",
  });
  return files.filter(asks).toSorted();
}

/** Prints how long each file took, and what failed. @returns how many tests failed */
function summarize({ testResults }: v.InferOutput<typeof soakReport>): number {
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
  console.log(`SEED=${seed}: ${inputs} hostile inputs; ${passed} passed, ${failed} failed`);
  return failed;
}
