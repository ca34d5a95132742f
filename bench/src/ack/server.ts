/** Runs a contender as a process of its own, which says on descriptor 3 which port it listens on. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { childEnvironment } from "@webhook-gateway/shared/process/child-environment.mjs";

/** `workerd serve --control-fd` writes `{"event":"listen","socket":"http","port":…}`; the Node servers do the same. */
export const CONTROL_FD = 3;
const START_TIMEOUT_MS = 60_000;
/** How long a contender may take to end before it is killed. */
const STOP_TIMEOUT_MS = 10_000;

export interface Running {
  readonly origin: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** @throws if it does not listen in time, with what it said */
export async function startServer(
  command: string,
  args: readonly string[],
  variables: Readonly<Record<string, string>> = {},
): Promise<Running> {
  const child = spawn(command, args, {
    // A Node server ends with its standard input, which ends with this process.
    stdio: ["pipe", "ignore", "pipe", "pipe"],
    env: { ...childEnvironment(process.env), ...variables },
  });
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  const ended = once(child, "exit").catch(() => {});
  let said = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    said = (said + chunk).slice(-2_000);
  });
  const stop = async () => {
    child.kill("SIGTERM");
    const timeout = setTimeout(kill, STOP_TIMEOUT_MS);
    await ended;
    clearTimeout(timeout);
    process.off("exit", kill);
  };
  const timeout = setTimeout(kill, START_TIMEOUT_MS);
  const port = await listenedPort(child.stdio[CONTROL_FD] as Readable);
  clearTimeout(timeout);
  if (port !== undefined) return { origin: `http://127.0.0.1:${port}`, pid: child.pid ?? 0, stop };
  await stop();
  throw new Error(`${command} did not start: ${said.trim()}`);
}

/** Undefined if the process ends first. */
async function listenedPort(control: Readable): Promise<number | undefined> {
  let text = "";
  for await (const chunk of control.setEncoding("utf8").iterator({ destroyOnReturn: false })) {
    text += chunk;
    const port = /"event":"listen".*"port":(\d+)/.exec(text)?.[1];
    if (port !== undefined) return Number(port);
  }
  return undefined;
}
