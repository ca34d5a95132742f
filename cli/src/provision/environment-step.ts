/** The step that adds a new cell to `environments.toml` and both configuration files. */
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type DesiredState, readDesiredState } from "../project/desired-state.ts";
import { addCell, writeFiles } from "../project/environments.ts";
import { configFile, type EnvironmentName, WORKERS } from "../project/project.ts";
import type { Step } from "./step.ts";

export interface Desired {
  readonly desired: DesiredState;
  /** Come before all others. None unless the environment is a new cell. */
  readonly fileSteps: readonly Step[];
}

/**
 * What an environment needs, by the configuration files. One that they do not have is a new cell.
 * @throws GatewayError if the files cannot be read
 */
export async function readDesired(dir: string, environment: EnvironmentName): Promise<Desired> {
  const files = addCell(dir, environment);
  if (files.length === 0) return { desired: await readDesiredState(dir, environment), fileSteps: [] };
  const rows = files
    .filter(({ before, text }) => text !== before)
    .map(({ file }) => ({ resource: `${environment} in ${file}`, is: "missing", will: "added as a cell" }));
  const perform = async (): Promise<string> =>
    // Read again: somebody may have edited them since.
    `wrote ${writeFiles(dir, addCell(dir, environment)).join(", ")}: commit this`;
  const copies = mkdtempSync(path.join(tmpdir(), "environments-"));
  try {
    for (const file of WORKERS.map(configFile)) cpSync(path.join(dir, file), path.join(copies, file));
    writeFiles(copies, files);
    return { desired: await readDesiredState(dir, environment, copies), fileSteps: [{ rows, perform }] };
  } finally {
    rmSync(copies, { recursive: true, force: true });
  }
}
