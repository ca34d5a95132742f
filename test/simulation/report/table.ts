/** What was found, for a person. Pure. */

import type { Delay } from "../observe/findings.ts";
import type { Outcome } from "../run.ts";
import { type Fault, STAGES } from "./spec.ts";
import { problemsOf, raisedAlerts, shortSql } from "./verdict.ts";

const STATEMENTS = 8;

export function report({ findings, usage }: Outcome, faults: readonly Fault[]): string {
  const { delays, deliveries, platform, statements, hours, counts, lines } = findings;
  const problems = problemsOf(findings, faults);
  const figures: readonly (readonly [string, string])[] = [
    ["deliveries", `${deliveries} (answers: ${pairs(findings.answers)})`],
    ["validations", pairs(findings.states)],
    ["reports", pairs(findings.reports)],
    [
      "lost, doubled runs, doubled checks",
      [findings.lost, findings.doubledRuns, findings.doubledChecks].map(({ count }) => count).join(", "),
    ],
    ["recorded after, calm", delay(delays.calm)],
    ["recorded after, all", delay(delays.all)],
    ["conflicts", String(lines["record.conflicts"] ?? 0)],
    ["D1 queries an invocation, at most", most(platform, "maxQueries")],
    ["data points an invocation, at most", most(platform, "maxDataPoints")],
    ["connections wanted at once, at most", most(platform, "maxConnectionsWanted")],
    ["longest invocation, s", most(platform, "maxWallMs", 1000)],
    ["invocations cut", String(Object.values(platform).reduce((sum, { cut }) => sum + cut, 0))],
    [
      "alerts after, s",
      raisedAlerts(findings, faults)
        .map(
          ({ kind, afterMs, allowedMs }) =>
            `${kind} ${afterMs === undefined ? "none" : seconds0(afterMs)} (allowed ${seconds0(allowedMs)})`,
        )
        .join(", "),
    ],
    [
      "database",
      `${Math.round((counts.database?.bytes ?? 0) / 1e6)} MB, a query waited ${counts.database?.maxWaitMs} ms at most`,
    ],
    ...(findings.audit === null
      ? []
      : [["found by the audit; all judged after, s", auditText(findings.audit)] as const]),
    ...["grainchain", "github", "lists", "checks", "events", "work", "dead"].map(
      (name) => [name, pairs(counts[name] ?? {})] as const,
    ),
    [
      "warnings and errors",
      pairs(Object.fromEntries(Object.keys(findings.samples).map((event) => [event, lines[event] ?? 0]))),
    ],
    [
      "peak memory, CPU, time",
      `${Math.round(usage.peakMegabytes)} MB, ${Math.round(usage.cpuSeconds)} s, ${Math.round(usage.seconds)} s`,
    ],
  ];
  const byHour = hours.map(({ hour, ages, backlog, alerts }) => [
    String(hour),
    ...STAGES.map((stage) => `${seconds0(ages[stage])} (${backlog[stage]})`),
    [...new Set(alerts)].join(", "),
  ]);
  const costly = statements
    .toSorted((a, b) => b.totalMs - a.totalMs)
    .slice(0, STATEMENTS)
    .map(({ sql, count, totalMs, maxMs, rowsRead, maxRowsRead, rowsWritten }) => [
      ...[count, Math.round(totalMs), maxMs, rowsRead, maxRowsRead, rowsWritten].map(String),
      shortSql(sql),
    ]);
  return [
    table(["", ""], figures),
    "The oldest at each stage, in s, and how many there were, at most:",
    table(["hour", ...STAGES, "alerts"], byHour),
    "The statements that took most of this machine's time:",
    table(["times", "ms", "ms, one", "rows read", "read, one", "written", "statement"], costly),
    problems.length === 0
      ? "Nothing is wrong."
      : ["What is wrong:", ...problems.map((one) => `- ${one}`)].join("\n"),
  ].join("\n\n");
}

const auditText = ({ found, judgedMs }: NonNullable<Outcome["findings"]["audit"]>): string =>
  `${found}; ${seconds0(judgedMs)}`;

const pairs = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([name, count]) => `${name} ${count}`)
    .join(", ");

const seconds0 = (ms: number): string => String(Math.round(ms / 1000));

const delay = ({ count, p50, p99, max }: Delay): string =>
  `p50 ${(p50 / 1000).toFixed(1)} s, p99 ${(p99 / 1000).toFixed(1)} s, at most ${(max / 1000).toFixed(1)} s (${count})`;

function most<Use>(platform: Readonly<Record<string, Use>>, name: keyof Use, unit = 1): string {
  return Object.entries(platform)
    .map(([kind, use]) => `${kind} ${Math.round(Number(use[name]) / unit)}`)
    .join(", ");
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = head.every((cell) => cell === "") ? rows : [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all
    .map((row) =>
      row
        .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
        .join("  "),
    )
    .join("\n");
}
