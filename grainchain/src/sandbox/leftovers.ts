import { readdir, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { killSandboxProcesses } from "./process-group.ts";
import { DIRECTORY_PREFIX, removeDirectory } from "./sandbox.ts";

/**
 * Ends and removes what servers that died have left: the sandboxes whose process is gone.
 * Those of this process id count too when they are older than the process, as in a restarted container.
 */
export async function sweepLeftovers(directory: string = tmpdir()): Promise<number> {
  const names = await readdir(directory).catch(() => []);
  let swept = 0;
  for (const name of names) {
    if (!(await isLeftover(directory, name))) continue;
    await killSandboxProcesses(name);
    await removeDirectory(join(directory, name)).then(
      () => {
        swept += 1;
      },
      () => {},
    );
  }
  return swept;
}

async function isLeftover(directory: string, name: string): Promise<boolean> {
  const pid = Number(new RegExp(`^${DIRECTORY_PREFIX}(\\d+)-[A-Za-z0-9]{6}$`).exec(name)?.[1]);
  if (!Number.isSafeInteger(pid) || pid < 1) return false;
  const stats = await stat(join(directory, name)).catch(() => undefined);
  if (stats === undefined || stats.uid !== process.getuid?.()) return false;
  if (pid === process.pid) return stats.birthtimeMs < Date.now() - process.uptime() * 1000;
  return !isAlive(pid);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives, as another user's.
    return !(error instanceof Error && "code" in error && error.code === "ESRCH");
  }
}
