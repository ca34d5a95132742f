/** Findings, as they are printed. */
import { stripVTControlCharacters } from "node:util";
import type { Finding, FindingStatus } from "../doctor/finding.ts";
import { type Column, tableLines } from "../output/table.ts";
import type { Screen, Style } from "../output/terminal.ts";

const STYLES: Readonly<Record<FindingStatus, Style>> = { ok: "green", warn: "yellow", fail: "red" };

const COLUMNS: readonly Column<Finding>[] = [
  { head: "check", cell: ({ check }) => check, rank: 3, min: 22, wrap: true },
  { head: "", cell: ({ status }) => status, rank: 1, min: 4, style: ({ status }) => STYLES[status] },
  { head: "what", cell: ({ what }) => what, rank: 2, min: 30, wrap: true },
  // To be copied, so it is never broken into lines.
  { head: "fix", cell: ({ fix }) => fix ?? "", rank: 4, whole: true },
];

/** One or more lines for each; the fix is below if there is no room beside. */
export const findingLines = (findings: readonly Finding[], screen: Screen): string[] =>
  tableLines(findings, COLUMNS, screen).filter((line) => stripVTControlCharacters(line).trim() !== "");

/** `12 ok, 2 warnings, 1 failed` */
export function summaryText(findings: readonly Finding[]): string {
  const { ok, warn, fail } = countFindings(findings);
  return `${ok} ok, ${warn} ${warn === 1 ? "warning" : "warnings"}, ${fail} failed`;
}

export function countFindings(findings: readonly Finding[]): Record<FindingStatus, number> {
  const count = (status: FindingStatus): number => findings.filter((one) => one.status === status).length;
  return { ok: count("ok"), warn: count("warn"), fail: count("fail") };
}
