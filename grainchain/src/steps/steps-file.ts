import * as v from "valibot";
import { type Document, isNode, LineCounter, parseDocument } from "yaml";
import { RESERVED_STEP_NAMES } from "../validation/results.ts";
import { findAliasMistake } from "./aliases.ts";

/** The file at the root of a commit that lists the steps to run. */
export const STEPS_FILE = ".grainchain.yml";

const MAX_STEPS = 50;
const MAX_NAME_CHARACTERS = 64;
const MAX_RUN_CHARACTERS = 32 * 1024;
const MAX_TIMEOUT_SECONDS = 86_400;
const MAX_GLOBS = 100;
const MAX_GLOB_CHARACTERS = 500;

/** One command to run; `timeoutMs` is its own limit, beside the validation's. Without `network` it has none. */
export type Step = { name: string; run: string; timeoutMs?: number; network?: boolean };

/** Which changed files make a run necessary, by globs (`docs/**`, `*.md`). */
export type PathFilter = { paths?: string[]; pathsIgnore?: string[] };

export type Invalid = { kind: "invalid"; message: string };

/** The steps to run, or why there are none that can be run. */
export type StepPlan = { kind: "steps"; steps: Step[]; filter?: PathFilter } | Invalid;

/** A steps file. Without steps it is another program's, and steps are detected. */
export type StepsFile = { kind: "file"; steps?: Step[]; filter: PathFilter } | Invalid;

const NameSchema = v.pipe(
  v.string("must be text"),
  v.trim(),
  v.minLength(1, "must not be empty"),
  v.maxLength(MAX_NAME_CHARACTERS, `must have at most ${MAX_NAME_CHARACTERS} characters`),
  v.regex(/^\P{Cc}*$/u, "must not contain control characters"),
  v.check((name) => !RESERVED_STEP_NAMES.has(name), "is a reserved name"),
);

const RunSchema = v.pipe(
  v.string("must be text"),
  v.check((run) => run.trim() !== "", "must not be empty"),
  v.check((run) => !run.includes("\0"), "must not contain NUL characters"),
  v.maxLength(MAX_RUN_CHARACTERS, `must have at most ${MAX_RUN_CHARACTERS} characters`),
);

const TimeoutSchema = v.pipe(
  v.number("must be a number of seconds"),
  v.gtValue(0, "must be more than 0 seconds"),
  v.maxValue(MAX_TIMEOUT_SECONDS, `must be at most ${MAX_TIMEOUT_SECONDS} seconds`),
);

const StepSchema = v.pipe(
  v.strictObject(
    {
      name: NameSchema,
      run: RunSchema,
      timeout: v.optional(TimeoutSchema),
      network: v.optional(v.boolean("must be true or false"), false),
    },
    describeStepShape,
  ),
  v.transform(
    ({ timeout, network, ...step }): Step => ({
      ...step,
      ...(timeout !== undefined && { timeoutMs: Math.ceil(timeout * 1000) }),
      ...(network && { network }),
    }),
  ),
);

const GlobsSchema = v.optional(
  v.pipe(
    v.array(
      v.pipe(v.string("must be text"), v.minLength(1, "must not be empty"), v.maxLength(MAX_GLOB_CHARACTERS)),
      "must be a list",
    ),
    v.minLength(1, "must have at least one glob"),
    v.maxLength(MAX_GLOBS, `must have at most ${MAX_GLOBS} globs`),
  ),
);

const StepsFileSchema = v.pipe(
  v.unknown(),
  // A list would pass as an object.
  v.check((data) => !Array.isArray(data), "must be a mapping"),
  v.object(
    {
      steps: v.optional(
        v.pipe(
          v.array(StepSchema, "must be a list"),
          v.minLength(1, "must have at least one step"),
          v.maxLength(MAX_STEPS, `must have at most ${MAX_STEPS} steps`),
        ),
      ),
      paths: GlobsSchema,
      paths_ignore: GlobsSchema,
    },
    "must be a mapping",
  ),
);

/** Reads `.grainchain.yml`. The message for a mistake names its line. */
export function parseStepsFile(text: string): StepsFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, merge: true, prettyErrors: false });
  const syntaxError = document.errors[0];
  if (syntaxError !== undefined)
    return invalidAt(lines.linePos(syntaxError.pos[0]).line, syntaxError.message);
  const mistake = findAliasMistake(document);
  if (mistake !== undefined)
    return invalidAt(lines.linePos(mistake.alias.range?.[0] ?? 0).line, mistake.message);
  let data: unknown;
  try {
    data = document.toJS({ maxAliasCount: -1 });
  } catch (error) {
    return invalidAt(1, error instanceof Error ? error.message : "cannot be read");
  }
  // An empty file has no steps.
  const parsed = v.safeParse(StepsFileSchema, data ?? {});
  if (!parsed.success) {
    const [issue] = parsed.issues;
    const path = issue.path?.map((item) => item.key) ?? [];
    return invalidAt(lineOf(document, lines, path), `${formatPath(path)} ${issue.message}`.trim());
  }
  const { steps = [], paths, paths_ignore: pathsIgnore } = parsed.output;
  const names = steps.map((step) => step.name);
  const repeated = names.findIndex((name, index) => names.indexOf(name) !== index);
  if (repeated >= 0) {
    const line = lineOf(document, lines, ["steps", repeated, "name"]);
    return invalidAt(line, `steps[${repeated}].name is already the name of an earlier step`);
  }
  const filter = { ...(paths && { paths }), ...(pathsIgnore && { pathsIgnore }) };
  return { kind: "file", filter, ...(steps.length > 0 && { steps }) };
}

function describeStepShape(issue: v.BaseIssue<unknown>): string {
  if (issue.path === undefined || issue.expected === "Object")
    return "must be a mapping with `name` and `run`";
  return issue.expected === "never" ? "is not a key of a step (name, run, timeout, network)" : "is missing";
}

/** The line of the node at a path, or of the nearest one around it. */
function lineOf(document: Document, lines: LineCounter, path: readonly unknown[]): number {
  for (let depth = path.length; depth >= 0; depth -= 1) {
    const node = depth === 0 ? document.contents : document.getIn(path.slice(0, depth), true);
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return 1;
}

function formatPath(path: readonly unknown[]): string {
  return path
    .map((key, index) => (typeof key === "number" ? `[${key}]` : `${index > 0 ? "." : ""}${key}`))
    .join("");
}

function invalidAt(line: number, message: string): Invalid {
  return { kind: "invalid", message: `${STEPS_FILE}, line ${line}: ${message}` };
}
