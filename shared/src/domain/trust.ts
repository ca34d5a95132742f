/** Who is trusted with running code, and which heads of a fork an approval is about. Pure. */

/** The identifier of the button on a check. */
export const APPROVE = "approve";

export const NOT_ALLOWED_TO_COMMAND = "the comment's author may not give commands";

const MEMBERS: readonly unknown[] = ["OWNER", "MEMBER", "COLLABORATOR"];

/** Whether an `author_association` may give commands, and has its changes validated without an approval. */
export const isMember = (association: string | null | undefined): boolean => MEMBERS.includes(association);

const APPROVERS: readonly unknown[] = ["OWNER", "MEMBER"];

/** Whether one may approve others' changes without asking GitHub: a collaborator may have only read access. */
export const isTrustedApprover = (association: string | null | undefined): boolean =>
  APPROVERS.includes(association);

/** What GitHub calls the permissions that include writing. */
const WRITERS: readonly unknown[] = ["write", "maintain", "admin"];

export const mayWrite = (permission: string): boolean => WRITERS.includes(permission);

/** An approval by a comment. The head that it is about may be recorded after it. */
export interface Approval {
  /** `github:<login>`. */
  readonly by: string;
  /** When the comment was written. */
  readonly at: string;
  /** The beginning of the head that it names; null: the newest one before it. */
  readonly sha: string | null;
}

/**
 * Whether an approval is about a head. GitHub's times are whole seconds: a head of the same second may have come after
 * the comment, unless the comment names it. One that came later is not what was looked at, even if its SHA begins alike.
 * @param headAt `updated_at` of the event that brought the head
 */
export function covers({ at, sha }: Approval, head: string, headAt: string): boolean {
  if (sha === null) return headAt < at;
  return head === sha || (head.startsWith(sha) && headAt <= at);
}
