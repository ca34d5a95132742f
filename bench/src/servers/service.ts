/** A service that a contender brings along, as a child process with a folder of its own. */
import { type SpawnOptions, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import os from "node:os";
import path from "node:path";
import { atEnd } from "./serve.ts";

/** Whether a command exists and runs. */
export const runs = (command: string): boolean =>
  spawnSync(command, ["--version"], { stdio: "ignore" }).status === 0;

/** A folder that goes with the process. */
export const makeFolder = (name: string): string => mkdtempSync(path.join(os.tmpdir(), `bench-${name}-`));

/**
 * Starts a service and ends it, and its folder, with this process. SIGINT: what Redis and PostgreSQL both take as an
 * order to end at once.
 */
export function startService(
  command: string,
  args: readonly string[],
  folder: string,
  options: SpawnOptions = {},
): void {
  const child = spawn(command, args, { cwd: folder, stdio: "ignore", ...options });
  atEnd(async () => {
    const ended = once(child, "exit");
    if (child.exitCode === null && child.kill("SIGINT")) await ended;
  });
  process.once("exit", () => {
    child.kill("SIGINT");
    rmSync(folder, { recursive: true, force: true });
  });
}

/** @returns a port that was free a moment ago */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
