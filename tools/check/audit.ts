/**
 * Known vulnerabilities in packages that are deployed, or run on an operator's machine, according to the registry. A
 * registry that does not answer (a mirror, a machine that is offline) is not a failure, and not a pass either.
 */
import { spawn } from "node:child_process";
import { childEnvironment } from "@webhook-gateway/shared/process/child-environment.mjs";
import { ROOT } from "@webhook-gateway/shared/process/root.mjs";
import { resultOf } from "../local/child.ts";

export type AuditOutcome = "passed" | "failed" | "not asked";

const ARGUMENTS = ["audit", "--prod", "--audit-level", "high", "--ignore-registry-errors"];

export async function runAudit(): Promise<{ readonly outcome: AuditOutcome; readonly output: string }> {
  const env = childEnvironment(process.env);
  const { code, stdout, stderr } = await resultOf(
    spawn("pnpm", ARGUMENTS, { cwd: ROOT, env, stdio: ["ignore", "pipe", "pipe"] }),
  );
  return { outcome: auditOutcome(code, stdout), output: stdout + stderr };
}

/** If the registry does not answer, pnpm 12 says so on standard error only, and exits with 0. */
export function auditOutcome(code: number, stdout: string): AuditOutcome {
  if (code !== 0) return "failed";
  return /vulnerabilities found/.test(stdout) ? "passed" : "not asked";
}
