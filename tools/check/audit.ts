/**
 * Known vulnerabilities of what is deployed or runs on an operator's machine, as the registry knows them. A registry that
 * answers no such question (a mirror, a machine that is offline) is no failure, and is not taken for a good answer.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { childEnvironment } from "@webhook-gateway/shared/process/child-environment.mjs";
import { ROOT } from "@webhook-gateway/shared/process/root.mjs";

export type AuditOutcome = "passed" | "failed" | "not asked";

const ARGUMENTS = ["audit", "--prod", "--audit-level", "high", "--ignore-registry-errors"];

/** Asks. @returns what is answered, and what that comes to */
export async function runAudit(): Promise<{ readonly outcome: AuditOutcome; readonly output: string }> {
  const child = spawn("pnpm", ARGUMENTS, {
    cwd: ROOT,
    env: childEnvironment(process.env),
    stdio: ["ignore", "pipe", "pipe"],
  });
  // Where it cannot be started there is no exit code.
  const closed = once(child, "close").catch(() => undefined);
  const [answer, complaint] = await Promise.all([text(child.stdout), text(child.stderr), closed]);
  return { outcome: auditOutcome(child.exitCode ?? 1, answer), output: answer + complaint };
}

/** What pnpm 12 came to. Where the registry gave no answer it says so on standard error alone, and ends well. */
export function auditOutcome(code: number, stdout: string): AuditOutcome {
  if (code !== 0) return "failed";
  return /vulnerabilities found/.test(stdout) ? "passed" : "not asked";
}
