/** Which repositories are audited. */

import type { GitHub } from "@webhook-gateway/shared/github/client.ts";
import { globMatcher, type RoutingPolicy } from "@webhook-gateway/shared/routing/routing-policy.ts";

export interface AuditScope {
  /** Globs over `owner/repo`. */
  readonly globs: readonly string[];
  /** Whether a repository is to be audited, by its name. */
  readonly includes: (fullName: string) => boolean;
}

/** Everything, as `*` is meant here: in other globs it stays within a segment. */
const ALL = "**";

/** What `AUDIT_REPOSITORIES` names; by default all that an App is installed on. Undefined: nothing is audited. */
export function auditScope(
  configured: readonly string[],
  mode: GitHub["mode"],
  routing: RoutingPolicy,
): AuditScope | undefined {
  const given = configured.length === 0 && mode === "app" ? [ALL] : configured;
  if (given.length === 0 || mode === "none") return undefined;
  const globs = given.map((glob) => (glob === "*" ? ALL : glob));
  const matches = globMatcher(globs, true);
  return { globs, includes: (name) => matches(name) && routing.allowsRepository(name) };
}

/** Repositories that an operator names. They need not be among those of the configuration. */
export const namedScope = (names: readonly string[], routing: RoutingPolicy): AuditScope => ({
  globs: names,
  includes: (name) => routing.allowsRepository(name),
});
