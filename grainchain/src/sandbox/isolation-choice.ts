import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toolEnvironment } from "@webhook-gateway/shared/process/child-environment.mjs";
import { bubblewrap, type Isolation, NO_ISOLATION } from "./isolation.ts";
import { runProcess } from "./process.ts";

/** `auto` is bubblewrap if it works here, and otherwise none. */
export const ISOLATIONS = ["auto", "bubblewrap", "none"] as const;
export type IsolationName = (typeof ISOLATIONS)[number];

/** The isolation that was found, and why it is none if that was not asked for. */
export type IsolationChoice = { isolation: Isolation; problem?: string };

/** Isolation was required, and does not work here. */
export class IsolationError extends Error {
  override readonly name = "IsolationError";
}

const PROBE_TIMEOUT_MS = 10_000;

/** @throws {IsolationError} if bubblewrap was asked for and does not work */
export async function chooseIsolation(name: IsolationName): Promise<IsolationChoice> {
  if (name === "none") return { isolation: NO_ISOLATION };
  const isolation = bubblewrap(toolEnvironment(process.env).PATH);
  const problem = await findProblem(isolation);
  if (problem === undefined) return { isolation };
  if (name === "bubblewrap") throw new IsolationError(`bubblewrap does not work here: ${problem}`);
  return { isolation: NO_ISOLATION, problem };
}

/** Runs a step that does nothing. @returns why that failed; undefined if it did not */
async function findProblem(isolation: Isolation): Promise<string | undefined> {
  const root = await mkdtemp(join(tmpdir(), "grainchain-probe-"));
  try {
    for (const name of ["checkout", "home", "tmp"]) await mkdir(join(root, name));
    const { end, output } = await runProcess({
      ...isolation.wrap("true", { root, network: false }),
      env: toolEnvironment(process.env),
      sandboxId: "probe",
      scratchDirectory: root,
      timeoutMs: PROBE_TIMEOUT_MS,
      limits: {},
      signal: new AbortController().signal,
    });
    if (end.kind === "exited" && end.exitCode === 0) return undefined;
    if (end.kind === "not_started") return end.reason === "ENOENT" ? "bwrap is not installed" : end.reason;
    return output.text().trim().split("\n").at(-1) || end.kind;
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}
