import { readdir, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { errorCode } from "../error-code.ts";
import { killSandboxProcesses } from "./process-group.ts";
import { DIRECTORY_PREFIX, removeDirectory } from "./sandbox.ts";

const DIRECTORY_NAME = new RegExp(`^${DIRECTORY_PREFIX}(\\d+)-[A-Za-z0-9]{6}$`);

/**
 * Kills and removes what servers that died have left behind: the sandboxes whose server is gone. Those with this
 * process's own id count too if they are older than the process, as in a restarted container.
 * @returns how many directories were removed
 */
export async function sweepLeftovers(directory: string = tmpdir()): Promise<number> {
  const names = await readdir(directory).catch(() => []);
  let swept = 0;
  for (const name of names) {
    if (!(await isLeftover(directory, name))) continue;
    await killSandboxProcesses(name);
    const isRemoved = await removeDirectory(join(directory, name)).then(
      () => true,
      () => false,
    );
    if (isRemoved) swept += 1;
  }
  return swept;
}

async function isLeftover(directory: string, name: string): Promise<boolean> {
  const pid = Number(DIRECTORY_NAME.exec(name)?.[1]);
  if (!Number.isSafeInteger(pid) || pid < 1) return false;
  const stats = await stat(join(directory, name)).catch(() => undefined);
  if (stats === undefined || stats.uid !== process.getuid?.()) return false;
  if (pid === process.pid) return stats.birthtimeMs < Date.now() - process.uptime() * 1000;
  return !isAlive(pid);
}

/** Whether a process of this machine runs. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // EPERM: it is alive, and belongs to another user.
    return errorCode(error) !== "ESRCH";
  }
}
