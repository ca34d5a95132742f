import type { Change } from "../messages/fact.ts";

/** What a validation is about: a pull request, a merge group or a branch that was pushed to. */
export const SUBJECT_KINDS = ["pull_request", "merge_group", "push"] as const;
export type SubjectKind = (typeof SUBJECT_KINDS)[number];

/** The subject key of a pull request, unique within its repository. */
export const pullRequestSubject = (number: number): string => `pr-${number}`;

/** The subject key of a merge group. Its head is a merge commit of its own, so the SHA names it. */
export const mergeGroupSubject = (headSha: string): string => `mg-${headSha.slice(0, 12)}`;

/**
 * The subject key of a pushed branch. A ref may hold any character and 255 bytes, so the key holds a hash of it.
 * @param refHash hex SHA-256 of the full ref name
 */
export const pushSubject = (refHash: string): string => `push-${refHash.slice(0, 12)}`;

/**
 * The id of a validation: the same for the same (repository, subject, head, run) wherever it is computed.
 * URL-safe and at most 100 characters for a SHA-256 head, a 12-digit repository id and a 4-digit run.
 */
export function validationId(repositoryId: number, subject: string, headSha: string, run: number): string {
  return `${repositoryId}-${subject}-${headSha}-${run}`;
}

/** The subject that a change is about; null if it names none (a note, or a re-run or approval, which names a SHA). */
export function changedSubject(change: Change): string | null {
  switch (change.type) {
    case "pull_request":
    case "command":
      return pullRequestSubject(change.number);
    case "merge_group":
      return mergeGroupSubject(change.head_sha);
    case "push":
      return change.validate ? pushSubject(change.ref_hash) : null;
    case "rerun":
    case "approval":
    case "note":
      return null;
  }
}
