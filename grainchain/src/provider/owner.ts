/** Labels by which a server finds what it, or one that died, has created at a service. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { isAlive } from "../sandbox/leftovers.ts";
import type { Labels } from "./remote-client.ts";

const MACHINE = "grainchain-machine";
const SERVER = "grainchain-server";
const RUN = "grainchain-run";

/** The same on one machine. The service does not learn its name. */
const OF_MACHINE: Labels = {
  [MACHINE]: createHash("sha256").update(`${hostname()}\n${machineId()}`).digest("hex").slice(0, 16),
};

/** A process id is used again after a restart, above all in a container: the start tells the two apart. */
const OWN = `${process.pid}-${Math.round(Date.now() - process.uptime() * 1000)}`;

function machineId(): string {
  try {
    return readFileSync("/etc/machine-id", "utf8").trim();
  } catch {
    return "";
  }
}

/** The labels of a sandbox that this process creates. */
export const labelsOf = (runId: string): Labels => ({ ...OF_MACHINE, [SERVER]: OWN, [RUN]: runId });

/** The labels that all sandboxes of this machine's servers have. */
export const labelsOfMachine = (): Labels => OF_MACHINE;

/** Whether the server is gone that created a sandbox of this machine. */
export function isLeftover(labels: Labels): boolean {
  const { [SERVER]: server = "" } = labels;
  const pid = Number(/^(\d+)-\d+$/.exec(server)?.[1]);
  if (!Number.isSafeInteger(pid) || pid < 1) return false;
  return pid === process.pid ? server !== OWN : !isAlive(pid);
}
