/** A commit that is the head of several open subjects: its one check names all of them. */
import type { OtherSubject } from "@webhook-gateway/shared/store/claim/due-report.ts";
import { cutWithMark, plainLine } from "@webhook-gateway/shared/text/plain.ts";
import { byteLength } from "@webhook-gateway/shared/text/text.ts";
import { codeSpan, link } from "./markdown.ts";

/** What a check is about. */
export type SubjectName = Pick<OtherSubject, "kind" | "number" | "ref">;

const BRANCH_BYTES = 60;
/** The part of a title that names the others. */
const OTHERS_BYTES = 70;

/** A subject's name in plain text: `#12`, `merge group of #12`, or the branch. */
export function nameOf({ kind, number, ref }: SubjectName): string {
  if (kind === "pull_request") return `#${number}`;
  if (kind === "merge_group") return number > 0 ? `merge group of #${number}` : "merge group";
  return plainLine(ref.replace(/^refs\/heads\//, ""), BRANCH_BYTES) || "branch";
}

/** The title of a check: the headline and, if others share the commit, the subjects and their results. */
export function sharedTitle(
  headline: string,
  own: SubjectName,
  others: readonly OtherSubject[],
  maxBytes: number,
): string {
  if (others.length === 0) return cutWithMark(headline, maxBytes);
  const list = others.map((other) => `${nameOf(other)} ${resultOf(other)}`).join(", ");
  const rest = `; also ${cutWithMark(list, OTHERS_BYTES)}`;
  return `${cutWithMark(`${nameOf(own)}: ${headline}`, maxBytes - byteLength(rest))}${rest}`;
}

/** The same as a list in Markdown; undefined if only one subject has the commit. */
export function sharedSection(
  own: SubjectName,
  others: readonly OtherSubject[],
  detailsOf: (validationId: string) => string,
): string | undefined {
  if (others.length === 0) return undefined;
  const rows = others.map((other) => {
    const result = `${resultOf(other)}, ${link("details", detailsOf(other.validation_id))}`;
    return `- ${markdownName(other)}: ${result}`;
  });
  return [
    "This commit is shared, and its check shows the worst result:",
    [`- ${markdownName(own)}: the result shown here`, ...rows].join("\n"),
  ].join("\n\n");
}

const markdownName = (subject: SubjectName): string =>
  subject.kind === "push" ? codeSpan(nameOf(subject)) : nameOf(subject);

function resultOf({ state, conclusion }: OtherSubject): string {
  switch (state) {
    case "held":
      return "waiting for approval";
    case "skipped":
      return "skipped";
    case "queued":
    case "dispatching":
      return "waiting";
    case "pending":
    case "running":
      return "running";
    case "completed":
      return conclusion === "success" ? "passed" : "failed";
    case "failed":
      return "sandbox failed";
    case "timed_out":
      return "timed out";
    case "dead":
      return "could not be started";
    case "cancelled":
    case "superseded":
      return "stopped";
  }
}
