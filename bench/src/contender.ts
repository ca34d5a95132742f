/** A contender: something that answers deliveries, in processes of its own. */
import type { ChildProcess } from "node:child_process";

export interface Contender {
  readonly name: string;
  /** One line for the report: what it does for a delivery before it answers. */
  readonly does: string;
  /**
   * Starts it on a free port of the loopback interface.
   * @throws LeftOut where this machine cannot run it
   */
  start(): Promise<Running>;
}

/** A contender that serves. */
export interface Running {
  readonly origin: string;
  /** The root of its process tree. */
  readonly pid: number;
  stop(): Promise<void>;
}

/** This machine lacks something that the contender needs. Its message says what. */
export class LeftOut extends Error {
  override readonly name = "LeftOut";
}

/** How long a contender may take to end before it is killed. */
const STOP_TIMEOUT_MS = 10_000;

/** Ends a process and waits for it. */
export async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  const kill = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
  await ended;
  clearTimeout(kill);
}
