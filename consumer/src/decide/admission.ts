/** Whether a head runs, waits for an approval, or is skipped. Pure. */
import { covers, isMember } from "@webhook-gateway/shared/domain/trust.ts";
import type { Subject } from "@webhook-gateway/shared/store/subject-row.ts";
import type { Validation } from "@webhook-gateway/shared/store/validation-row.ts";
import type { ChangeSet } from "./change-set.ts";

/** What happens to pull requests from forks: they wait for an approval unless a member opened them, run, or are skipped. */
export type ForkPolicy = "approval" | "all" | "never";

/** How a new run of a head begins. */
export interface Admission {
  readonly state: "queued" | "held" | "skipped";
  /** Not from a fork, or by a member, or approved. */
  readonly trusted: boolean;
  /** Why it does not run. */
  readonly reason: string | null;
}

const TRUSTED: Admission = { state: "queued", trusted: true, reason: null };
const UNTRUSTED: Admission = { state: "queued", trusted: false, reason: null };
const HELD: Admission = {
  state: "held",
  trusted: false,
  reason: "a change from a fork waits for an approval",
};
const NO_FORKS: Admission = {
  state: "skipped",
  trusted: false,
  reason: "pull requests from forks are not validated",
};
export const NO_DRAFTS: Admission = { state: "skipped", trusted: false, reason: "drafts are not validated" };

/** How a new run of the subject's head begins. */
export function admissionOf(changes: ChangeSet, subject: Subject, validateForks: ForkPolicy): Admission {
  if (!subject.fork) return TRUSTED;
  if (validateForks === "never") return NO_FORKS;
  if (isMember(subject.author_association) || isApproved(changes, subject)) return TRUSTED;
  return validateForks === "all" ? UNTRUSTED : HELD;
}

/** By a comment, or because a run of this head was approved: an approval is about the head, whatever the run. */
function isApproved(changes: ChangeSet, subject: Subject): boolean {
  const { approval, head_sha } = subject;
  if (approval !== null && covers(approval, head_sha, headAtOf(subject))) return true;
  return headRuns(changes, subject).some((row) => row.trusted);
}

/** When the subject's head came. */
export const headAtOf = ({ head_at, at }: Subject): string => head_at ?? at;

/** The runs of the subject's head, the latest first. */
export const headRuns = (changes: ChangeSet, subject: Subject): Validation[] =>
  changes
    .runsOf(subject)
    .filter((row) => row.head_sha === subject.head_sha)
    .toSorted((a, b) => b.run - a.run);
