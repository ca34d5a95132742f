import { execFile } from "node:child_process";
import { closeSync, constants, openSync } from "node:fs";
import { unlink } from "node:fs/promises";
import { Socket } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { toolEnvironment } from "@webhook-gateway/shared/process/child-environment.mjs";
import { within } from "../within.ts";
import type { OutputTail } from "./output-tail.ts";

const DRAIN_TIMEOUT_MS = 1000;

/** Both output streams of a process in one pipe, so that their lines keep the order in which they were written. */
export type OutputPipe = {
  /** For the child's stdout and stderr. */
  writeFd: number;
  /** Closes this process's copy of `writeFd`; call it once the child has its own. */
  closeWriter(): void;
  /** Waits a moment for what is still in the pipe, then closes it, even if somebody still holds the other end. */
  finish(): Promise<void>;
};

/**
 * Opens a pipe into `tail`. It is a named pipe, unlinked at once: the sockets that Node creates for "pipe" cannot be
 * reopened, which breaks scripts that write to /dev/stderr.
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
      await within(DRAIN_TIMEOUT_MS, closed);
      reader.destroy();
    },
  };
}
