/** Where figures were measured: they say nothing without it. */
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import os from "node:os";
import { gitEnvironment } from "@webhook-gateway/shared/process/child-environment.mjs";

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly system: string;
  readonly node: string;
  readonly workerd: string;
  /** The commit, with `+` if files differ from it. */
  readonly commit: string;
  /** Load averages of 1 minute: what else ran, before the benchmark's own load and after it. */
  readonly loadBefore: number;
  readonly loadAfter: number;
}

export const loadAverage = (): number => os.loadavg()[0] ?? Number.NaN;

export function describeMachine(loadBefore: number): Machine {
  const require = createRequire(createRequire(import.meta.url).resolve("wrangler/package.json"));
  return {
    cpu: os.cpus()[0]?.model ?? "unknown",
    cores: os.availableParallelism(),
    memoryGb: Math.round(os.totalmem() / 1e9),
    system: `${os.type()} ${os.release()}`,
    node: process.version,
    workerd: require("workerd").version as string,
    commit: commit(),
    loadBefore,
    loadAfter: loadAverage(),
  };
}

function commit(): string {
  try {
    const args = ["describe", "--always", "--dirty=+", "--exclude=*"];
    const options = { cwd: import.meta.dirname, env: gitEnvironment(process.env), stdio: "pipe" } as const;
    return execFileSync("git", args, { ...options, encoding: "utf8" }).trim();
  } catch {
    return "unknown";
  }
}
