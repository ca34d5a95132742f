/** The step that adds a cell to both configuration files. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { addCell, TEMPLATE } from "../project/cell.ts";
import { type DesiredState, readDesiredState } from "../project/desired-state.ts";
import { configFile, ENVIRONMENTS, type EnvironmentName, WORKERS } from "../project/project.ts";
import type { Step } from "./step.ts";

export interface Desired {
  readonly desired: DesiredState;
  /** Come before all others. */
  readonly cellSteps: readonly Step[];
}

/**
 * What an environment needs. One that the files do not have is a new cell.
 * @throws GatewayError if the files cannot be read
 */
export async function readDesired(dir: string, environment: EnvironmentName): Promise<Desired> {
  const changed = ENVIRONMENTS.some((name) => name === environment) ? [] : changedFiles(dir, environment);
  if (changed.length === 0) return { desired: await readDesiredState(dir, environment), cellSteps: [] };
  const copies = mkdtempSync(path.join(tmpdir(), "cell-"));
  try {
    for (const worker of WORKERS) {
      const file = configFile(worker);
      writeFileSync(path.join(copies, file), addCell(read(dir, file), environment));
    }
    const desired = await readDesiredState(dir, environment, copies);
    return { desired, cellSteps: [addCellStep(dir, environment, changed)] };
  } finally {
    rmSync(copies, { recursive: true, force: true });
  }
}

const read = (dir: string, file: string): string => readFileSync(path.join(dir, file), "utf8");

const changedFiles = (dir: string, cell: string): string[] =>
  WORKERS.map(configFile).filter((file) => addCell(read(dir, file), cell) !== read(dir, file));

const addCellStep = (dir: string, cell: string, files: readonly string[]): Step => ({
  rows: files.map((file) => ({
    resource: `${cell} in ${file}`,
    is: "missing",
    will: `added, as ${TEMPLATE}`,
  })),
  async perform() {
    const rewritten = files.map((file) => [path.join(dir, file), addCell(read(dir, file), cell)] as const);
    for (const [location, toml] of rewritten) writeFileSync(location, toml);
    return `added ${cell} to ${files.join(" and ")}, made from ${TEMPLATE}: commit it`;
  },
});
