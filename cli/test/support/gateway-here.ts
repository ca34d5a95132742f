/** The `gateway` command within this process: starting one takes a second or two, and loading Wrangler one more. */
import { vi } from "vitest";
import type { WranglerProgram } from "../../src/cloudflare/wrangler.ts";
import { runProgram } from "../../src/program.ts";
import type { Ran } from "./gateway-command.ts";

/**
 * Runs the command to its end, without a terminal. One at a time: it has the process for itself.
 * @param wrangler instead of this checkout's
 */
export async function runHere(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  wrangler?: WranglerProgram,
): Promise<Ran> {
  const before = { ...process.env };
  const { exitCode } = process;
  const stdout = capture(process.stdout);
  const stderr = capture(process.stderr);
  for (const name of ["GATEWAY_URL", "GATEWAY_TOKEN"]) delete process.env[name];
  Object.assign(process.env, env);
  process.exitCode = undefined;
  try {
    const code = await runProgram(args, wrangler);
    return { code, stdout: stdout.text(), stderr: stderr.text() };
  } finally {
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
    Object.assign(process.env, before);
    process.exitCode = exitCode;
    stdout.restore();
    stderr.restore();
  }
}

function capture(stream: NodeJS.WriteStream) {
  const chunks: string[] = [];
  const spy = vi.spyOn(stream, "write").mockImplementation((chunk) => {
    chunks.push(String(chunk));
    return true;
  });
  return { text: () => chunks.join(""), restore: () => spy.mockRestore() };
}
