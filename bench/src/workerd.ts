/** Runs a Worker on plain `workerd serve`: neither Wrangler's proxy nor Miniflare's queue is in the way. */
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import type { Readable } from "node:stream";
import { childEnvironment } from "@webhook-gateway/shared/process/child-environment.mjs";
import { type Running, stopProcess } from "./contender.ts";
import type { BundledModule } from "./worker-bundle.ts";
import { workerdConfig } from "./workerd-config.ts";

/** The very binary that Wrangler runs. */
const binary = createRequire(createRequire(import.meta.url).resolve("wrangler/package.json"))("workerd")
  .default as string;

/** Where workerd reports the ports it listens on (`--control-fd`). */
const CONTROL_FD = 3;

/** Contenders that are written by hand. */
export type HandWritten = "empty" | "floor" | "parsing-floor";

/** Reads one of the hand-written Workers beside this file. */
export const readWorker = (name: HandWritten | "sink"): Promise<string> =>
  readFile(path.join(import.meta.dirname, "workers", `${name}.mjs`), "utf8");

/**
 * Starts workerd with one Worker. What it logs goes to /dev/null.
 * @throws where it ends before it listens, with what it said
 */
export async function startWorkerd(modules: readonly BundledModule[]): Promise<Running> {
  const folder = await mkdtemp(path.join(os.tmpdir(), "bench-workerd-"));
  const config = path.join(folder, "config.capnp");
  await writeFile(config, workerdConfig(modules, await readWorker("sink")));
  const child = spawn(binary, ["serve", config, `--control-fd=${CONTROL_FD}`], {
    env: childEnvironment(process.env),
    stdio: ["ignore", "ignore", "pipe", "pipe"],
  });
  const killWithUs = () => child.kill("SIGKILL");
  process.once("exit", killWithUs);
  const stop = async () => {
    await stopProcess(child);
    process.off("exit", killWithUs);
    await rm(folder, { recursive: true, force: true });
  };
  let said = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    said = (said + chunk).slice(-2_000);
  });
  const failed = new Promise<never>((_, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`workerd ended (${code}): ${said}`)));
  });
  failed.catch(() => {});
  try {
    const listening = listenedPort(child.stdio[CONTROL_FD] as Readable);
    // A closed channel is not the reason: that comes with its exit.
    const port = (await Promise.race([listening, failed])) ?? (await failed);
    return { origin: `http://127.0.0.1:${port}`, pid: child.pid ?? 0, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** workerd writes `{"event":"listen","socket":"http","port":…}`, one object a line. */
async function listenedPort(control: Readable): Promise<number | undefined> {
  let text = "";
  for await (const chunk of control.setEncoding("utf8").iterator({ destroyOnReturn: false })) {
    text += chunk;
    const port = /"event":"listen".*"port":(\d+)/.exec(text)?.[1];
    if (port !== undefined) return Number(port);
  }
  return undefined;
}
