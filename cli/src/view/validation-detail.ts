/** One validation in full: fields, timeline, report, and steps with the output of failed ones. */
import { type RunStep, readSteps } from "@webhook-gateway/shared/api/run-step.ts";
import type { ValidationDetail } from "@webhook-gateway/shared/api/validation.ts";
import { durationText } from "@webhook-gateway/shared/text/duration.ts";
import { plainLines } from "../output/plain-text.ts";
import { type Field, fieldLines, tableLines } from "../output/table.ts";
import type { Screen } from "../output/terminal.ts";
import { momentText, utcText } from "../output/time-text.ts";
import { validationFields } from "./validation.ts";

/** Lines of a failed step's output that are printed: the end says why it failed. */
const TAIL_LINES = 20;

export function validationDetailLines(validation: ValidationDetail, screen: Screen): string[] {
  const steps = readSteps(validation.results);
  return [
    ...fieldLines(validationFields(validation, new Date()), screen),
    ...section("timeline", timelineLines(validation, screen), screen),
    ...section("report to GitHub", fieldLines(reportFields(validation), screen), screen),
    ...section("steps", stepLines(steps, screen), screen),
    ...steps.filter(({ status }) => status !== "passed").flatMap((step) => outputLines(step, screen)),
  ];
}

const section = (title: string, lines: readonly string[], screen: Screen): string[] =>
  lines.length === 0 ? [] : ["", screen.style("bold", title), ...lines];

const timelineLines = ({ timeline }: ValidationDetail, screen: Screen): string[] =>
  tableLines(
    timeline,
    [
      { head: "TIME (UTC)", cell: ({ at }) => momentText(at), rank: 3, min: 18 },
      { head: "STATE", cell: ({ to_state }) => to_state, rank: 2, min: 11 },
      { head: "WHY", cell: ({ reason }) => reason, rank: 1, min: 20, wrap: true },
    ],
    screen,
  );

function reportFields({ report }: ValidationDetail): Field[] {
  if (report === null) return [];
  return [
    ["status", `${report.status} (${report.state})`],
    ["reason", report.reason],
    ["posted", report.posted_at === null ? null : `${report.posted_state} at ${utcText(report.posted_at)}`],
    ["due", report.status === "due" ? utcText(report.due_at) : null],
    ["attempts", report.attempts],
    ["error", report.error],
  ];
}

function stepLines(steps: readonly RunStep[], screen: Screen): string[] {
  if (steps.length === 0) return [];
  return tableLines(
    steps,
    [
      { head: "STEP", cell: ({ name }) => name, rank: 1, min: 12 },
      {
        head: "STATUS",
        cell: ({ status }) => status,
        rank: 2,
        style: ({ status }) => (status === "passed" ? "green" : "red"),
      },
      { head: "EXIT", cell: ({ exitCode }) => exitCode, rank: 4, min: 4 },
      {
        head: "TOOK",
        cell: ({ durationMs }) => (durationMs === null ? null : durationText(durationMs)),
        rank: 3,
      },
    ],
    screen,
  );
}

function outputLines({ name, output }: RunStep, screen: Screen): string[] {
  const lines = plainLines(output.trimEnd());
  if (output.trim() === "") return [];
  const left = lines.length - TAIL_LINES;
  const title = left > 0 ? `the last ${TAIL_LINES} of ${lines.length} lines of ${name}` : `output of ${name}`;
  return section(
    plainLines(title).join(" "),
    lines.slice(-TAIL_LINES).map((line) => `  ${line}`),
    screen,
  );
}
