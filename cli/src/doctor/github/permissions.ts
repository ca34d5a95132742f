/** The permissions that an App needs, by their names in GitHub's API and on its settings page. */
import type { Hook } from "@webhook-gateway/shared/github/hook.ts";

export interface Permission {
  /** In the API: `merge_queues`. */
  readonly name: string;
  readonly level: "read" | "write";
  /** On the settings page: `Merge queues`. */
  readonly label: string;
}

/** For check runs, for what every App has, and for reactions to `/validate`. */
export const APP_PERMISSIONS: readonly Permission[] = [
  { name: "checks", level: "write", label: "Checks" },
  { name: "metadata", level: "read", label: "Metadata" },
  { name: "pull_requests", level: "write", label: "Pull requests" },
];

/**
 * The permission that GitHub requires before an App can subscribe to an event.
 * https://docs.github.com/en/webhooks/webhook-events-and-payloads
 */
export const EVENT_PERMISSIONS = {
  pull_request: { name: "pull_requests", level: "read", label: "Pull requests" },
  merge_group: { name: "merge_queues", level: "read", label: "Merge queues" },
  issue_comment: { name: "issues", level: "read", label: "Issues" },
  check_run: { name: "checks", level: "read", label: "Checks" },
  check_suite: { name: "checks", level: "read", label: "Checks" },
  push: { name: "contents", level: "read", label: "Contents" },
} as const satisfies Record<string, Permission>;

/** What an App needs to read other hooks than its own, if no token does that. */
export const HOOK_PERMISSIONS = {
  org: { name: "organization_hooks", level: "read", label: "Organization webhooks" },
  repo: { name: "repository_hooks", level: "read", label: "Webhooks" },
} as const satisfies Record<string, Permission>;

export const hookPermissions = (hooks: readonly Hook[]): Permission[] =>
  Object.entries(HOOK_PERMISSIONS).flatMap(([kind, permission]) =>
    hooks.some(({ name }) => name.startsWith(`${kind}:`)) ? [permission] : [],
  );

/** Whether the permission, or a higher level of it, is given. @param given levels by the API's names */
export const isGiven = (given: Readonly<Record<string, string>>, { name, level }: Permission): boolean =>
  [level, "write", "admin"].includes(given[name] ?? "");

/** `Merge queues: read` */
export const permissionText = ({ label, level }: Permission): string => `${label}: ${level}`;
