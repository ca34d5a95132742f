import { execFile } from "node:child_process";
import { closeSync, constants, openSync } from "node:fs";
import { unlink } from "node:fs/promises";
import { Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { toolEnvironment } from "@webhook-gateway/shared/process/child-environment.mjs";
import type { OutputTail } from "./output-tail.ts";

const DRAIN_TIMEOUT_MS = 1000;

/** Both output streams of a process on one pipe, so that their lines stay in the order they were written. */
export type OutputPipe = {
  /** For the child's stdout and stderr. */
  writeFd: number;
  /** Closes this side of `writeFd`; call it once the child has its copy. */
  closeWriter(): void;
  /** Waits a moment for what is still in the pipe, then lets go of it whoever holds the other end. */
  finish(): Promise<void>;
};

/**
 * Opens a pipe that feeds `tail`. A named pipe, removed at once: the sockets Node makes for "pipe"
 * cannot be reopened, which breaks scripts that write to /dev/stderr.
 */
export async function openOutputPipe(directory: string, tail: OutputTail): Promise<OutputPipe> {
  const path = join(directory, "output");
  await promisify(execFile)("mkfifo", ["-m", "600", path], { env: toolEnvironment(process.env) });
  const readFd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writeFd = openSync(path, constants.O_WRONLY);
  await unlink(path);
  const reader = new Socket({ fd: readFd, readable: true, writable: false });
  const closed = new Promise<void>((resolve) => reader.once("close", () => resolve()));
  reader.on("data", (chunk: Buffer) => tail.append(chunk));
  reader.on("error", () => reader.destroy());
  return {
    writeFd,
    closeWriter: () => closeSync(writeFd),
    finish: async () => {
      const enough = new AbortController();
      await Promise.race([
        closed,
        sleep(DRAIN_TIMEOUT_MS, undefined, { signal: enough.signal }).catch(() => {}),
      ]);
      enough.abort();
      reader.destroy();
    },
  };
}
