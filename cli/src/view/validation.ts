/** Validations, as they are printed. */
import type { ValidationDetail, ValidationItem } from "@webhook-gateway/shared/api/validation.ts";
import { durationText } from "@webhook-gateway/shared/text/duration.ts";
import type { Column, Field } from "../output/table.ts";
import type { Style } from "../output/terminal.ts";
import { ageText, utcAndAgeText } from "../output/time-text.ts";

/** State and conclusion: `completed success`. */
export const statusText = ({ state, conclusion }: Status): string =>
  conclusion === null ? state : `${state} ${conclusion}`;

/** The pull request, or the ref. */
export const subjectText = ({ pr_number, ref }: Pick<ValidationItem, "pr_number" | "ref">): string =>
  pr_number > 0 ? `#${pr_number}` : ref;

export const shortSha = (sha: string): string => sha.slice(0, 7);

export function statusStyle({ state, conclusion }: Status): Style | undefined {
  if (conclusion === "success") return "green";
  if (conclusion === "failure" || BROKEN.includes(state)) return "red";
  return undefined;
}

interface Status {
  readonly state: string;
  readonly conclusion: string | null;
}

const BROKEN = ["failed", "dead", "timed_out"];

export const validationColumns = (now: Date): Column<ValidationItem>[] => [
  { head: "STATE", cell: statusText, rank: 1, min: 10, style: statusStyle },
  { head: "REPOSITORY", cell: ({ repository }) => repository, rank: 2, min: 12 },
  { head: "SUBJECT", cell: subjectText, rank: 3 },
  { head: "SHA", cell: ({ head_sha }) => shortSha(head_sha), rank: 4, min: 7 },
  { head: "RUN", cell: ({ run }) => run, rank: 7, min: 3 },
  { head: "AGE", cell: ({ created_at }) => ageText(created_at, now), rank: 5, min: 4 },
  { head: "TOOK", cell: tookText, rank: 8, min: 7 },
  { head: "ID", cell: ({ id }) => id, rank: 6, whole: true },
];

/** From the start of the sandbox to the end. */
function tookText({ started_at, finished_at }: ValidationItem): string | null {
  if (started_at === null || finished_at === null) return null;
  return durationText(Date.parse(finished_at) - Date.parse(started_at));
}

export const validationFields = (item: ValidationDetail, now: Date): Field[] => [
  ["validation", item.id],
  ["repository", item.repository],
  ["subject", `${item.event} ${subjectText(item)}`],
  ["url", item.pr_url === "" ? null : item.pr_url],
  ["head", `${item.head_sha} (${item.ref})`],
  ["base", item.base_sha],
  ["run", `${item.run}, because of ${item.cause}`],
  ["state", statusText(item)],
  ["why", item.reason],
  ["fork", item.fork ? (item.head_repository ?? "deleted") : null],
  ["author", authorText(item)],
  ["trusted", item.trusted ? null : "no"],
  ["tree", item.tree_sha],
  ["reused from", item.reused_from],
  ["error", item.error],
  ["lane", item.lane],
  ["attempts", item.attempts],
  ["not before", item.due_at],
  ["delivery", item.delivery_id],
  ["grainchain", item.grainchain_id],
  ["created", utcAndAgeText(item.created_at, now)],
  ["dispatched", timeOf(item.dispatched_at, now)],
  ["started", timeOf(item.started_at, now)],
  ["last heard", timeOf(item.heard_at, now)],
  ["finished", timeOf(item.finished_at, now)],
  ["took", tookText(item)],
  ["archived", timeOf(item.archived_at, now)],
];

const authorText = ({ author, author_association: association }: ValidationDetail): string | null =>
  author === null ? null : `${author} (${association?.toLowerCase() ?? "unknown association"})`;

const timeOf = (at: string | null, now: Date): string | null => (at === null ? null : utcAndAgeText(at, now));
