/** The report as a table in Markdown. */
import { CONNECTIONS } from "./closed-loop.ts";
import { FLOOR, GATEWAY } from "./contenders.ts";
import { buildPayload, type PayloadName } from "./payload.ts";
import type { Run } from "./report.ts";
import { RATES_PER_SECOND } from "./round.ts";
import type { Spread } from "./statistics.ts";
import { FIGURE_NAMES, FIGURES, type Row } from "./summary.ts";

const HEAD = [
  "contender",
  ...FIGURE_NAMES.map((name) => FIGURES[name].title),
  ...[`requests/s ÷ ${FLOOR}`, `CPU ÷ ${FLOOR}`],
  ...[`${GATEWAY}'s requests/s ÷ its`, `${GATEWAY}'s CPU ÷ its`, `${GATEWAY}'s p99 ÷ its`],
];

/** Medians with the smallest and largest value over the rounds. */
export function writeTable(run: Run): string {
  const sections = run.options.payloads.flatMap((payload) => [
    `## ${title(payload)}`,
    "",
    line(HEAD),
    line(HEAD.map((_, i) => (i === 0 ? "---" : "---:"))),
    ...run.rows.filter((row) => row.payload === payload).map(writeRow),
    "",
  ]);
  return `${[...writeHead(run), "", ...sections, ...writeNotes(run)].join("\n")}\n`;
}

function title(payload: PayloadName): string {
  const bytes = buildPayload(payload).body.byteLength;
  return `${payload}, ${(bytes / 1000).toFixed(1)} kB; latencies at ${RATES_PER_SECOND[payload]} requests/s`;
}

function writeHead({ begunAt, machine, options }: Run): string[] {
  const { cpu, cores, memoryGb, system, node, workerd, commit, loadBefore, loadAfter } = machine;
  return [
    `# Acknowledging a delivery`,
    "",
    `${begunAt}, commit ${commit}, Node ${node}, workerd ${workerd}. ${cpu}, ${cores} cores, ${memoryGb} GB, ${system};`,
    `load average ${loadBefore.toFixed(1)} before and ${loadAfter.toFixed(1)} at the end. The load generator shares the machine.`,
    `${options.rounds} interleaved rounds, each contender started afresh in each, ${options.seconds} s a load; median (min–max).`,
    `Requests/s, CPU, memory and cores: closed loop of ${CONNECTIONS} connections. Latencies: a fixed rate, from when a request was due.`,
  ];
}

function writeRow({ contender, figures, toFloor, gateway }: Row): string {
  return line([
    contender,
    ...FIGURE_NAMES.map((name) => spreadText(figures[name])),
    ...[toFloor.requestsPerSecond, toFloor.cpuMs].map(ratioText),
    ...[gateway.requestsPerSecond, gateway.cpuMs, gateway.p99Ms].map(ratioText),
  ]);
}

function writeNotes({ contenders, leftOut, invalid }: Run): string[] {
  return [
    ...contenders.map(({ name, does }) => `- ${name}: ${does}`),
    ...leftOut.map(({ name, reason }) => `- left out: ${name}: ${reason}`),
    ...invalid.map(
      ({ contender, payload, round, reason }) =>
        `- invalid: ${contender}, ${payload ?? "start"}, round ${round + 1}: ${reason}`,
    ),
  ];
}

const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

function spreadText(spread: Spread | undefined): string {
  if (spread === undefined) return "–";
  return `${significant(spread.median)} (${significant(spread.min)}–${significant(spread.max)})`;
}

const ratioText = (ratio: number | undefined): string => (ratio === undefined ? "–" : ratio.toFixed(2));

/** Three significant digits, never in exponential form. */
const significant = (value: number): string =>
  value >= 100 ? value.toFixed(0) : Number(value.toPrecision(3)).toString();
