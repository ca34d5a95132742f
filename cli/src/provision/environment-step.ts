/** The step that writes the environments to the configuration files, a new cell among them. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type DesiredState, readDesiredState } from "../project/desired-state.ts";
import { generateFiles, readText, SOURCE, withCell, writeEnvironments } from "../project/environments.ts";
import type { EnvironmentName } from "../project/project.ts";
import type { Row, Step } from "./step.ts";

export interface Desired {
  readonly desired: DesiredState;
  /** The source does not have it yet. */
  readonly isNew: boolean;
  /** Come before all others. */
  readonly fileSteps: readonly Step[];
}

/**
 * What an environment needs, by the source of the configuration files. One that the source does not have is a new cell.
 * @throws GatewayError if the files cannot be read
 */
export async function readDesired(dir: string, environment: EnvironmentName): Promise<Desired> {
  const before = readText(dir, SOURCE);
  const source = withCell(before, environment);
  const isNew = source !== before;
  const files = generateFiles(dir, source);
  const added: Row = { resource: `${environment} in ${SOURCE}`, is: "missing", will: "added as a cell" };
  const generated = files
    .filter(({ isCurrent }) => !isCurrent)
    .map(({ file }) => ({ resource: file, is: "out of date", will: `generated from ${SOURCE}` }));
  const rows = [...(isNew ? [added] : []), ...generated];
  const copies = mkdtempSync(path.join(tmpdir(), "environments-"));
  try {
    for (const { file, text } of files) writeFileSync(path.join(copies, file), text);
    const desired = await readDesiredState(dir, environment, copies);
    return { desired, isNew, fileSteps: rows.length === 0 ? [] : [writeStep(dir, environment, rows)] };
  } finally {
    rmSync(copies, { recursive: true, force: true });
  }
}

const writeStep = (dir: string, environment: EnvironmentName, rows: readonly Row[]): Step => ({
  rows,
  async perform() {
    // Read again: somebody may have edited it since.
    const written = writeEnvironments(dir, withCell(readText(dir, SOURCE), environment));
    return `wrote ${written.join(", ")}: commit this`;
  },
});
