/** The results of a run: tables in Markdown for people, and a small JSON file beside them. */
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Machine } from "./machine.ts";

const RESULTS = path.resolve(import.meta.dirname, "../results");

/** @param rows cells of text; all but the first column are aligned to the right */
export function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(titles), line(titles.map((_, i) => (i === 0 ? "---" : "---:"))), ...rows.map(line)].join("\n");
}

export const count = (value: number, digits = 0): string =>
  value.toLocaleString("en-US", { maximumFractionDigits: digits });

/** When and where a run was measured. */
export function describeRun(begunAt: string, machine: Machine): string {
  const { cpu, cores, memoryGb, system, node, workerd, commit, loadBefore, loadAfter } = machine;
  return [
    `${begunAt}, commit ${commit}, Node ${node}, workerd ${workerd},`,
    `${cpu}, ${cores} cores, ${memoryGb} GB, ${system};`,
    `load average ${loadBefore.toFixed(1)} before and ${loadAfter.toFixed(1)} after.`,
  ].join("\n");
}

/**
 * Writes `<name>.json` and, if there are tables, `<name>.md`.
 * @param out a folder, relative to where the command was given; by default `bench/results`
 */
export async function writeResults(
  out: string | undefined,
  name: string,
  run: object,
  tables?: string,
): Promise<void> {
  const folder = path.resolve(process.env.INIT_CWD ?? "", out ?? RESULTS);
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, `${name}.json`), toJson(run));
  if (tables !== undefined) await writeFile(path.join(folder, `${name}.md`), tables);
  console.error(`written to ${folder}`);
}

/** One line for each field, and for each element of a list: short, and easy to compare. */
function toJson(run: object): string {
  const text = (value: unknown): string =>
    JSON.stringify(value, (_, each) => (typeof each === "number" ? Number(each.toPrecision(6)) : each));
  const fields = Object.entries(run).map(([name, value]) => {
    const list = Array.isArray(value) && value.length > 0;
    return ` ${text(name)}: ${list ? `[\n  ${value.map(text).join(",\n  ")}\n ]` : text(value)}`;
  });
  return `{\n${fields.join(",\n")}\n}\n`;
}
