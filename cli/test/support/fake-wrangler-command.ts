/**
 * `gateway provision` and `gateway doctor` within this process: loading Wrangler, which reads the configuration, takes a
 * second, and here it is loaded once.
 */
import { stripVTControlCharacters } from "node:util";
import { Command, CommanderError } from "commander";
import { vi } from "vitest";
import { addDoctor } from "../../src/commands/doctor.ts";
import { addProvision } from "../../src/commands/provision.ts";
import { EXIT, GatewayError } from "../../src/exit.ts";
import { say } from "../../src/terminal.ts";
import type { Ran } from "./gateway-command.ts";

/** Runs the command to its end, as `cli/src/index.ts` does. One at a time: it has the process for itself. */
export async function runHere(args: readonly string[], env: Readonly<Record<string, string>>): Promise<Ran> {
  const before = { ...process.env };
  const { exitCode } = process;
  const stdout = capture(process.stdout);
  const stderr = capture(process.stderr);
  Object.assign(process.env, env);
  try {
    const code = await perform(args);
    return { code, stdout: stdout.text(), stderr: stderr.text() };
  } finally {
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
    Object.assign(process.env, before);
    process.exitCode = exitCode;
    stdout.restore();
    stderr.restore();
  }
}

async function perform(args: readonly string[]): Promise<number> {
  const program = new Command("gateway")
    .option("--url <url>", "", process.env.GATEWAY_URL || "http://localhost:8787")
    .option("--output <format>", "", "table")
    .exitOverride();
  addProvision(program);
  addDoctor(program);
  process.exitCode = undefined;
  try {
    await program.parseAsync(args, { from: "user" });
    return Number(process.exitCode ?? EXIT.done);
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? EXIT.done : EXIT.usage;
    if (!(thrown instanceof GatewayError)) throw thrown;
    say(`error: ${thrown.message}`);
    return thrown.exitCode;
  }
}

function capture(stream: NodeJS.WriteStream) {
  const chunks: string[] = [];
  const spy = vi.spyOn(stream, "write").mockImplementation((chunk) => {
    chunks.push(String(chunk));
    return true;
  });
  return { text: () => stripVTControlCharacters(chunks.join("")), restore: () => spy.mockRestore() };
}
