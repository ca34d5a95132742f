/** Runs Vitest, with a report of each test beside what it prints. */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { localEnvironment } from "@webhook-gateway/shared/process/child-environment.mjs";
import { ROOT } from "@webhook-gateway/shared/process/root.mjs";
import { parseJson } from "@webhook-gateway/shared/text/json.ts";
import { exitOf } from "../local/child.ts";

interface VitestRun {
  readonly code: number;
  /** Parsed; undefined if the run ended before it was written. */
  readonly report: unknown;
}

/** @param env added to the environment, without the person's own settings for Wrangler */
export async function runVitest(args: readonly string[], env: NodeJS.ProcessEnv): Promise<VitestRun> {
  const dir = mkdtempSync(path.join(tmpdir(), "webhook-gateway-test-"));
  const file = path.join(dir, "report.json");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
  try {
    const child = spawn(path.join(ROOT, "node_modules/.bin/vitest"), [...args, ...reporters], {
      cwd: ROOT,
      env: { ...localEnvironment(process.env), ...env },
      stdio: ["ignore", "inherit", "inherit"],
    });
    const code = await exitOf(child);
    return { code, report: parseJson(readReport(file)) };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function readReport(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
