/** Whether an earlier success of the same files stands for a new run. Pure. */
import type { Subject } from "@webhook-gateway/shared/store/subject-row.ts";
import type { ChangeSet } from "./change-set.ts";

/** What the operator configures of reuse. */
export interface ReusePolicy {
  readonly reuseResults: boolean;
  /** An older success is not reused: it may be deleted soon. */
  readonly reuseForMs: number;
}

/** A run that is not run, because another one has the same files and succeeded. */
export interface Reuse {
  readonly tree_sha: string;
  readonly reused_from: string;
}

/** @param tree the tree of the head; undefined if it is not known, or if a run was asked for */
export function reuseFor(
  changes: ChangeSet,
  { repository_id }: Pick<Subject, "repository_id">,
  tree: string | undefined,
  { reuseResults, reuseForMs }: ReusePolicy,
): Reuse | undefined {
  if (!reuseResults || tree === undefined) return undefined;
  const success = changes.successOf(repository_id, tree);
  if (success === undefined) return undefined;
  const ageMs = Date.parse(changes.now) - Date.parse(success.finished_at);
  return ageMs > reuseForMs ? undefined : { tree_sha: tree, reused_from: success.id };
}
