/** Which repositories and branches an operator wants validated. */
import picomatch from "picomatch/posix.js";

export interface RoutingPolicy {
  /** Whether validations of this repository (`owner/repo`) are wanted. */
  readonly allowsRepository: (fullName: string) => boolean;
  /** Whether pushes to this branch are validated. */
  readonly validatesBranch: (branch: string) => boolean;
}

/** Lists of globs as in shells: `*` stays within a segment, `**` crosses `/`. */
export interface RoutingGlobs {
  /** Over `owner/repo`, without case. None: every repository. */
  readonly REPOSITORY_ALLOW: readonly string[];
  /** Over `owner/repo`, without case. Wins over what is allowed. */
  readonly REPOSITORY_DENY: readonly string[];
  /** Over branch names. None: no push is validated. */
  readonly VALIDATE_PUSH_BRANCHES: readonly string[];
}

/** Compiles the globs. */
export function createRoutingPolicy(globs: RoutingGlobs): RoutingPolicy {
  const allowed = repositoryMatcher(globs.REPOSITORY_ALLOW);
  const denied = repositoryMatcher(globs.REPOSITORY_DENY);
  const open = globs.REPOSITORY_ALLOW.length === 0;
  return {
    allowsRepository: (fullName) => (open || allowed(fullName)) && !denied(fullName),
    validatesBranch: globMatcher(globs.VALIDATE_PUSH_BRANCHES, false),
  };
}

/** Whether one of the globs matches an `owner/repo`, without case. */
export const repositoryMatcher = (globs: readonly string[]) => globMatcher(globs, true);

/** Whether a text matches any of these globs; none matches nothing. */
export const globMatcher = (globs: readonly string[], nocase: boolean): ((text: string) => boolean) =>
  globs.length === 0 ? () => false : picomatch([...globs], { nocase, dot: true });
