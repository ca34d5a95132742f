/** The steps of a run, as Markdown. */

import type { StepOutcome } from "@webhook-gateway/shared/domain/results/step-outcome.ts";
import { durationText } from "@webhook-gateway/shared/text/duration.ts";
import { endOfText } from "@webhook-gateway/shared/text/plain.ts";
import { byteLength } from "@webhook-gateway/shared/text/text.ts";
import { type Digest, isFailing, type Step } from "@webhook-gateway/shared/wording/digest.ts";
import { codeBlock, codeCell, codeSpan, FENCE_BYTES } from "./markdown.ts";

/** GitHub's limit for a check run's summary and for its text: characters by its docs, bytes by its answers. */
export const MAX_MARKDOWN_BYTES = 65_535;
/** Rows of the table. With names of 100 bytes they take less than a third of the summary. */
const MAX_ROWS = 60;
/** Reserved for the last line, which says what was left out. */
const LAST_LINE_BYTES = 100;
/** A shorter part of an output is not worth a heading. */
const MIN_OUTPUT_BYTES = 500;
/** Why there is nothing to run is a sentence or two. */
const MAX_NOTHING_BYTES = 4000;

const SHOWN: Readonly<Record<StepOutcome, string>> = {
  passed: "✅ passed",
  failed: "❌ failed",
  timed_out: "⌛ timed out",
  skipped: "⏭ skipped",
  unknown: "❔ unknown",
};

/** A table of the steps in their order; undefined if there are none. Of too many, failing ones are left out last. */
export function stepsTable({ steps }: Digest): string | undefined {
  if (steps.length === 0) return undefined;
  const kept = new Set(
    steps.toSorted((a, b) => Number(isFailing(b)) - Number(isFailing(a))).slice(0, MAX_ROWS),
  );
  const rows = steps.filter((step) => kept.has(step)).map(rowOf);
  const table = ["| Result | Step | Time | Exit code |", "|---|---|--:|--:|", ...rows].join("\n");
  return steps.length > kept.size ? `${table}\n\nand ${steps.length - kept.size} more` : table;
}

/** The end of the output of every step that did not pass, as far as there is room, failing ones first. */
export function outputSections(digest: Digest): string | undefined {
  const unclear = digest.steps.filter((step) => step.outcome === "unknown" && step.output !== "");
  const shown = [...digest.steps.filter(isFailing), ...unclear];
  const sections: string[] = [];
  let room = MAX_MARKDOWN_BYTES - LAST_LINE_BYTES;
  for (const step of shown) {
    const section = sectionOf(step, digest.truncated, room);
    if (section === null) break;
    sections.push(section);
    room -= byteLength(section) + SEPARATOR.length;
  }
  const left = shown.length - sections.length;
  if (left > 0) sections.push(`There is no room for the output of ${left} more.`);
  return sections.length === 0 ? undefined : sections.join(SEPARATOR);
}

/** The sandbox's explanation for running nothing. */
export function nothingSection({ steps }: Digest): string {
  const said = steps.find((step) => step.output !== "")?.output;
  if (said === undefined)
    return `The sandbox reported ${steps.length === 0 ? "no steps" : "no step that ran"}.`;
  return ["The sandbox said:", codeBlock(endOfText(said, MAX_NOTHING_BYTES))].join(SEPARATOR);
}

const SEPARATOR = "\n\n";
const ONLY_END = "Cut: only the end of the output is shown.";
const ONLY_PART = "Cut: only a part of the output was kept.";

function rowOf(step: Step): string {
  const time = step.durationMs === null || step.outcome === "skipped" ? "–" : durationText(step.durationMs);
  return `| ${SHOWN[step.outcome]} | ${codeCell(step.name)} | ${time} | ${step.exitCode ?? "–"} |`;
}

/** @returns null if there is not enough room */
function sectionOf(step: Step, truncated: boolean, room: number): string | null {
  const code = step.exitCode === null ? "" : `, exit code ${step.exitCode}`;
  const heading = `### ${codeSpan(step.name)}: ${SHOWN[step.outcome]}${code}`;
  const spare = byteLength(heading) + ONLY_END.length + 2 * SEPARATOR.length + FENCE_BYTES;
  const output = endOfText(step.output, Math.max(0, room - spare));
  const cut = output.length < step.output.length;
  if (cut && room - spare < MIN_OUTPUT_BYTES) return null;
  if (step.output === "") return spare > room ? null : [heading, "It printed nothing."].join(SEPARATOR);
  const note = cut || step.outputCut ? [ONLY_END] : truncated ? [ONLY_PART] : [];
  return [heading, ...note, codeBlock(output)].join(SEPARATOR);
}
