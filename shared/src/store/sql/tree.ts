/** Successes by the tree of their commit: the same tree has the same files, so what a run says of one says it of the other. */
import * as v from "valibot";

/** Names a tree of a repository. */
export const treeKey = (repositoryId: number, tree: string): string => `${repositoryId} ${tree}`;

/** A success that can stand for another run. */
export interface TreeSuccess {
  readonly id: string;
  readonly finished_at: string;
}

/**
 * The tree of `given.results`; null if they do not name it, or if no step was run because the change touches none of the
 * paths that matter: that says something about the change, and nothing about the files.
 */
export const TREE_OF_RESULTS = `
  CASE WHEN given.results->'$.skipped' IS NULL AND length(given.results->>'$.tree_sha') IN (40, 64)
            AND given.results->>'$.tree_sha' NOT GLOB '*[^0-9a-f]*'
       THEN given.results->>'$.tree_sha' END`;

/**
 * The latest success of each tree in ?1. Steps of an untrusted run come from its base, not from the tree, so its success
 * says nothing about the tree. Neither is a reused success reused: what a run names has run.
 */
export const SELECT_SUCCESSES = `
  SELECT repository_id, tree_sha, id, max(finished_at) AS finished_at FROM (
    SELECT v.repository_id, v.tree_sha, v.id, v.finished_at
    FROM json_each(?1) k CROSS JOIN validations v INDEXED BY validations_by_tree
      ON v.repository_id = k.value->>0 AND v.tree_sha = k.value->>1
    WHERE v.conclusion = 'success' AND v.trusted = 1 AND v.reused_from IS NULL)
  GROUP BY repository_id, tree_sha`;

const successRow = v.object({
  repository_id: v.number(),
  tree_sha: v.string(),
  id: v.string(),
  finished_at: v.string(),
});

/** Reads the rows of {@link SELECT_SUCCESSES}, by {@link treeKey}. */
export const parseSuccesses = (rows: readonly unknown[]): ReadonlyMap<string, TreeSuccess> =>
  new Map(
    v
      .parse(v.array(successRow), rows)
      .map(({ repository_id, tree_sha, id, finished_at }) => [
        treeKey(repository_id, tree_sha),
        { id, finished_at },
      ]),
  );
