/**
 * Known vulnerabilities of what is deployed or runs on an operator's machine, as the registry knows them. A registry that
 * answers no such question (a mirror, a machine that is offline) is no failure, and is not taken for a good answer.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { childEnvironment } from "@webhook-gateway/shared/child-environment.mjs";
import { ROOT } from "./settings.ts";

export type AuditOutcome = "passed" | "failed" | "not asked";

const ARGUMENTS = ["audit", "--prod", "--audit-level", "high", "--ignore-registry-errors"];

/** Asks, and prints what is answered. */
export async function runAudit(): Promise<AuditOutcome> {
  const child = spawn("pnpm", ARGUMENTS, {
    cwd: ROOT,
    env: childEnvironment(process.env),
    stdio: ["ignore", "pipe", "inherit"],
  });
  const chunks: string[] = [];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    chunks.push(text);
    process.stdout.write(text);
  });
  // Where it cannot be started there is no exit code.
  await once(child, "close").catch(() => undefined);
  return auditOutcome(child.exitCode ?? 1, chunks.join(""));
}

/** What pnpm 12 came to. Where the registry gave no answer it says so on standard error alone, and ends well. */
export function auditOutcome(code: number, stdout: string): AuditOutcome {
  if (code !== 0) return "failed";
  return /vulnerabilities found/.test(stdout) ? "passed" : "not asked";
}
