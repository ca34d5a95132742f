import { readDigest, type Step } from "@webhook-gateway/shared/wording/digest.ts";
import fc from "fast-check";
import { anyText } from "../../../test/support/any-text.ts";
import type { ReportedRun } from "../../src/report/content.ts";

export const detailsOf = (id: string): string => `https://gateway.example/validations/${id}`;
export const DETAILS = detailsOf("7-pr-1-abc-1");

/** A validation that was completed with success; every field may be replaced. */
export const reported = (fields: Partial<ReportedRun> = {}): ReportedRun => ({
  validation_id: "7-pr-1-abc-1",
  kind: "pull_request",
  number: 1,
  ref: "topic",
  run: 1,
  state: "completed",
  conclusion: "success",
  error: null,
  reason: null,
  reused_from: null,
  fork: false,
  dispatch_attempts: 1,
  started_at: "2026-11-23T10:00:01.000Z",
  finished_at: "2026-11-23T10:00:13.000Z",
  digest: null,
  others: [],
  ...fields,
});

/** A step as a server sends it: it passed; every field may be replaced. */
export const sent = (name: string, fields: object = {}) => ({
  name,
  status: "passed",
  exit_code: 0,
  duration_ms: 350,
  output: "fine\n",
  ...fields,
});

/** The same of one that failed, with its output. */
export const failing = (name: string, output = "broken\n", fields: object = {}) =>
  sent(name, { status: "failed", exit_code: 1, output, ...fields });

export const stepsOf = (...steps: unknown[]): readonly Step[] => readDigest({ steps }).steps;

export const bytesOf = (text: string): number => new TextEncoder().encode(text).byteLength;

const ESC = "\u001b";
const PIECES = [
  ...["`", "```", "`".repeat(90), "~~~", "\\", "|", "\\|", "||", "\n", "\r", "\r\n", "\t", " "],
  ...[
    "<img src=x onerror=alert(1)>",
    "<details>",
    "</code></pre>",
    "<!--",
    "&lt;",
    "![i](http://e.example/p)",
  ],
  ...[
    "[x](javascript:alert(1))",
    "@everyone",
    "@acme/owners",
    "#123",
    "GH-1",
    "https://e.example",
    "**",
    "_",
    "# ",
  ],
  ...[
    `${ESC}[31m`,
    `${ESC}]8;;http://e.example${ESC}\\`,
    `${ESC}]0;t\u0007`,
    ESC,
    "\u009b1m",
    "\u009d8;;x\u009c",
  ],
  ...[
    "\u202e",
    "\u2066",
    "\u200b",
    "\u200d",
    "\ufeff",
    "\u00ad",
    "\u2028",
    "\u0000",
    "\u0085",
    "\ud800",
    "\udfff",
  ],
  ...[
    "🧪",
    "漢",
    "é",
    "src/a.ts:3:1: error: x",
    "src/a.ts(3,4): error TS1: y",
    "../b.c:1: z",
    "a",
    "constructor",
  ],
];

/** Text that someone chose to do harm with. */
export const hostile = (maxLength = 30): fc.Arbitrary<string> =>
  fc.array(fc.oneof(fc.constantFrom(...PIECES), anyText({ maxLength: 5 })), { maxLength }).map(join);

const join = (pieces: readonly string[]): string => pieces.join("");

const number = fc.oneof(fc.integer({ min: -2, max: 9 }), fc.double(), fc.constant("3"));
const status = fc.oneof(fc.constantFrom("passed", "failed", "timed_out", "skipped"), hostile(3));
const remark = fc.record(
  {
    path: hostile(4),
    file: fc.constantFrom("src/a.ts", "./b.c", "../c", "/etc/passwd", ""),
    line: number,
    start_line: number,
    end_line: number,
    level: fc.oneof(fc.constantFrom("notice", "warning", "failure", "error"), hostile(2)),
    title: hostile(5),
    message: hostile(8),
  },
  { requiredKeys: [] },
);

const hostileStep = fc.record(
  {
    name: hostile(8),
    status,
    success: fc.boolean(),
    exit_code: number,
    duration_ms: number,
    output: hostile(60),
    annotations: fc.oneof(fc.array(remark, { maxLength: 5 }), fc.jsonValue()),
    file: hostile(2),
    line: number,
    message: hostile(3),
  },
  { requiredKeys: [] },
);

/** A digest with all of that, or anything else. */
export const hostileDigest: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ steps: fc.array(hostileStep, { maxLength: 12 }) }) },
  fc.record(
    {
      success: fc.boolean(),
      error: hostile(),
      skipped: hostile(),
      truncated: fc.boolean(),
      execution_time: number,
      steps: fc.array(fc.oneof(hostileStep, fc.jsonValue()), { maxLength: 5 }),
    },
    { requiredKeys: [] },
  ),
  fc.jsonValue(),
  fc.anything(),
);

/**
 * What GitHub renders of a Markdown text: its code blocks and code spans are cut out, by CommonMark's rules. Throws
 * where a fence is left open.
 */
export function withoutCode(markdown: string): string {
  const rendered: string[] = [];
  let fence: string | undefined;
  for (const line of markdown.split("\n")) {
    const ticks = /^(`{3,})[^`]*$/.exec(line)?.[1];
    if (fence === undefined) fence = ticks;
    else if (/^`+ *$/.test(line) && line.trim().length >= fence.length) fence = undefined;
    else continue;
    if (ticks === undefined) rendered.push(withoutSpans(line));
  }
  if (fence !== undefined) throw new Error("a fence is left open");
  return rendered.join("\n");
}

function withoutSpans(line: string): string {
  const runs = [...line.matchAll(/`+/g)];
  for (const [index, open] of runs.entries()) {
    const close = runs.slice(index + 1).find(([run]) => run === open[0]);
    if (close === undefined || open[0].length > 80) continue;
    return `${line.slice(0, open.index)}CODE${withoutSpans(line.slice(close.index + open[0].length))}`;
  }
  return line;
}
