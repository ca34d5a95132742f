/** One run's results, as raw JSON, as a table in Markdown and as a plot. */
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Machine } from "./machine.ts";
import type { Options } from "./options.ts";
import { plotRows } from "./plot.ts";
import type { Invalid, Measurement } from "./round.ts";
import type { Row } from "./summary.ts";
import { writeTable } from "./table.ts";

export interface Run {
  readonly begunAt: string;
  readonly machine: Machine;
  readonly options: Options;
  readonly contenders: readonly { readonly name: string; readonly does: string }[];
  /** Contenders that this machine cannot run, and why. */
  readonly leftOut: readonly { readonly name: string; readonly reason: string }[];
  readonly invalid: readonly Invalid[];
  readonly rows: readonly Row[];
  readonly measured: readonly Measurement[];
}

/** Writes `ack.json`, `ack.md` and `ack.svg`. @returns the table */
export async function writeReport(run: Run, folder: string): Promise<string> {
  const table = writeTable(run);
  await mkdir(folder, { recursive: true });
  await Promise.all([
    writeFile(path.join(folder, "ack.json"), `${JSON.stringify(run, null, 1)}\n`),
    writeFile(path.join(folder, "ack.md"), table),
    writeFile(path.join(folder, "ack.svg"), plotRows(run.rows)),
  ]);
  return table;
}
