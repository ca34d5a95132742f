/** Runs a contender that is a Node program of its own (`servers/`). */
import { spawn } from "node:child_process";
import path from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { childEnvironment } from "@webhook-gateway/shared/process/child-environment.mjs";
import { LeftOut, type Running, stopProcess } from "./contender.ts";
import { WEBHOOK_SECRET } from "./payload.ts";

const START_TIMEOUT_MS = 60_000;

/**
 * Starts a server and waits until it is ready.
 * @param name of a file in `servers/`
 * @throws LeftOut where it cannot run here, with its own reason; an Error where it fails to start
 */
export async function startNodeServer(name: string): Promise<Running> {
  const script = path.join(import.meta.dirname, "servers", `${name}.ts`);
  const child = spawn(process.execPath, [script], {
    // Its standard input ends with this process, and it ends with its standard input.
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...childEnvironment(process.env), NODE_OPTIONS: "", NODE_ENV: "production", WEBHOOK_SECRET },
  });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => {
    said = (said + chunk).slice(-4_000);
  });
  const timeout = setTimeout(() => child.kill("SIGKILL"), START_TIMEOUT_MS);
  try {
    const port = await readyPort(child.stdout);
    if (port === undefined) throw new Error(`it did not start: ${said.trim().split("\n").at(0)}`);
    return { origin: `http://127.0.0.1:${port}`, pid: child.pid ?? 0, stop: () => stopProcess(child) };
  } catch (error) {
    await stopProcess(child);
    throw error;
  } finally {
    clearTimeout(timeout);
  }
}

async function readyPort(output: Readable): Promise<number | undefined> {
  const lines = createInterface({ input: output });
  return new Promise((resolve, reject) => {
    lines.on("line", (line) => {
      const [, port] = /^ready (\d+)$/.exec(line) ?? [];
      const [, reason] = /^left out: (.*)$/.exec(line) ?? [];
      if (port !== undefined) resolve(Number(port));
      if (reason !== undefined) reject(new LeftOut(reason));
    });
    lines.on("close", () => resolve(undefined));
  });
}
