/** What each request of an installation needs, so that its token can do nothing else. */

/** Levels by the names that GitHub's API has for permissions. */
export type Permissions = Readonly<Record<string, "read" | "write">>;

/**
 * By route. The first that fits counts.
 * https://docs.github.com/en/rest/authentication/permissions-required-for-github-apps
 */
const NEEDED: readonly (readonly [route: RegExp, permissions: Permissions])[] = [
  [/\/check-runs(?:\/|$)/, { checks: "write" }],
  [/^POST .*\/reactions$/, { pull_requests: "write" }],
  [/^GET \/repos\/\{owner\}\/\{repo\}\/pulls/, { pull_requests: "read" }],
  [/^GET \/orgs\/.*\/hooks\//, { organization_hooks: "read" }],
  [/^POST \/orgs\/.*\/hooks\//, { organization_hooks: "write" }],
  [/^GET \/repos\/.*\/hooks\//, { repository_hooks: "read" }],
  [/^POST \/repos\/.*\/hooks\//, { repository_hooks: "write" }],
];

/** Every App has it. */
const LEAST: Permissions = { metadata: "read" };

/** @param route as GitHub documents it: `POST /repos/{owner}/{repo}/check-runs` */
export const permissionsFor = (route: string): Permissions =>
  NEEDED.find(([pattern]) => pattern.test(route))?.[1] ?? LEAST;
