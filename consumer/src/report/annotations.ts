/** Annotations of lines of files: those that a server sends, and those found in the output of failing steps. */
import { cutWithMark, plainLine, plainText } from "@webhook-gateway/shared/text/plain.ts";
import { isFailing, type Remark, type Step } from "@webhook-gateway/shared/wording/digest.ts";

export type AnnotationLevel = "notice" | "warning" | "failure";

/** One annotation, in the shape of GitHub's Checks API. */
export interface Annotation {
  readonly path: string;
  readonly start_line: number;
  readonly end_line: number;
  readonly annotation_level: AnnotationLevel;
  readonly message: string;
  readonly title: string;
}

/** GitHub's limit for one request (https://docs.github.com/en/rest/checks/runs#update-a-check-run). */
export const MAX_ANNOTATIONS = 50;
/** GitHub's limit is "64 KB"; this holds whichever K is meant. */
const MESSAGE_BYTES = 64_000;
/** GitHub's limit, in characters. */
const TITLE_BYTES = 255;
/** Nobody writes longer paths. */
const MAX_PATH_CHARS = 500;

const LEVELS: ReadonlyMap<string, AnnotationLevel> = new Map([
  ["failure", "failure"],
  ["error", "failure"],
  ["fatal", "failure"],
  ["fatal error", "failure"],
  ["warning", "warning"],
  ["notice", "notice"],
  ["note", "notice"],
  ["info", "notice"],
]);
const BY_WEIGHT: readonly AnnotationLevel[] = ["failure", "warning", "notice"];

/** The annotations of a run, failures first, each once. */
export function annotationsOf(steps: readonly Step[]): Annotation[] {
  const all = steps.flatMap((step) => [
    ...step.remarks.map((remark) => fromRemark(remark, step)),
    ...(isFailing(step) ? linesToRead(step).map((line) => fromLine(line, step)) : []),
  ]);
  const found = all.filter((annotation) => annotation !== null).toSorted(byWeight);
  const same = Map.groupBy(found, ({ path, start_line, message }) => `${start_line} ${path}\n${message}`);
  return [...same.values()].flatMap((group) => group.slice(0, 1)).slice(0, MAX_ANNOTATIONS);
}

const byWeight = (a: Annotation, b: Annotation): number =>
  BY_WEIGHT.indexOf(a.annotation_level) - BY_WEIGHT.indexOf(b.annotation_level);

function fromRemark(remark: Remark, step: Step): Annotation | null {
  const start = remark.start_line ?? remark.line;
  const given = { path: remark.path ?? remark.file ?? "", title: remark.title ?? "", step };
  const level = LEVELS.get(remark.level?.trim().toLowerCase() ?? "");
  if (start === null) return null;
  return annotation({ ...given, start, end: remark.end_line ?? start, level, message: remark.message ?? "" });
}

/** `path:LINE[:COL][: ]…`: no two neighbouring parts can match the same text, so it takes linear time. */
const COLON_FORM = /^([^\s:]+):(\d{1,7})(?::\d{1,7})?(?::|\s)(.*)$/;
/** `path(LINE,COL): …` */
const PAREN_FORM = /^([^\s:]+)\((\d{1,7}),\d{1,7}\):(.*)$/;
/** The severity in a message. TypeScript's pretty form has a dash before it. */
const SEVERITY = /^(?:- )?(fatal error|fatal|error|warning|note|notice|info)(?::|(?=[\s[(]|$))/i;
/** A file's name has an extension. Tools print no path with quotes or brackets bare. */
const FILE = /^(?=[\p{L}\p{N}._/@+])[^"'`<>|*?\\]*[^"'`<>|*?\\/]\.[a-z][a-z0-9]{0,9}$/iu;
/** `example.com:443: refused` is a host and its port. */
const HOST = /^[^/]*\.(?:com|org|net|io|dev|app|local|internal)$/i;

/** If output was cut, its first line may start in the middle of a path. */
const linesToRead = ({ output, outputCut }: Step): string[] => output.split("\n").slice(outputCut ? 1 : 0);

function fromLine(line: string, step: Step): Annotation | null {
  const [, path = "", number, rest = ""] = PAREN_FORM.exec(line) ?? COLON_FORM.exec(line) ?? [];
  const said = rest.trim();
  const severity = SEVERITY.exec(said);
  const message = said.slice(severity?.[0].length ?? 0).trim();
  const start = Number(number);
  if (!FILE.test(path) || HOST.test(path) || !(start >= 1) || !/\p{L}/u.test(message)) return null;
  const level = LEVELS.get(severity?.[1]?.toLowerCase() ?? "");
  return annotation({ path, start, end: start, level, message, title: "", step });
}

interface Found {
  readonly path: string;
  readonly start: number;
  readonly end: number;
  readonly level: AnnotationLevel | undefined;
  readonly message: string;
  readonly title: string;
  readonly step: Step;
}

function annotation({ step, start, ...found }: Found): Annotation | null {
  const path = pathInRepository(found.path);
  const message = cutWithMark(plainText(found.message).trim(), MESSAGE_BYTES);
  if (path === null || message === "") return null;
  return {
    path,
    start_line: start,
    end_line: Math.max(start, found.end),
    annotation_level: found.level ?? (isFailing(step) ? "failure" : "warning"),
    message,
    title: plainLine(found.title, TITLE_BYTES) || step.name,
  };
}

/** A path as git has it, or null if it leads out of the repository. The sandbox's own directory is cut off. */
export function pathInRepository(given: string): string | null {
  if (given.length > MAX_PATH_CHARS || /[\n\t\\]/.test(given) || plainText(given) !== given) return null;
  const segments = given.split("/");
  const checkout = segments.findIndex(
    (segment, index) => segment === "checkout" && /^grainchain-[\w-]+$/.test(segments[index - 1] ?? ""),
  );
  const inside = segments.slice(given.startsWith("/") ? checkout + 1 : 0);
  const path = inside.filter((segment) => segment !== "." && segment !== "");
  const leavesIt =
    (given.startsWith("/") && checkout === -1) || /^[a-z]:/i.test(given) || path.includes("..");
  return leavesIt || path.length === 0 ? null : path.join("/");
}
