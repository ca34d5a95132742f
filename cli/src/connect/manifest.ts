/**
 * The manifest of a GitHub App: only the permissions that the gateway needs.
 * https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest
 */
import { NEEDED, PUSH } from "../doctor/github/events.ts";
import { APP_PERMISSIONS, EVENT_PERMISSIONS, type Permission } from "../doctor/github/permissions.ts";

export interface AppManifest {
  readonly name: string;
  readonly url: string;
  readonly hook_attributes: { readonly url: string; readonly active: true };
  readonly redirect_url: string;
  readonly public: false;
  readonly default_permissions: Readonly<Record<string, Permission["level"]>>;
  readonly default_events: readonly string[];
}

export interface ManifestOptions {
  readonly name: string;
  /** Where GitHub delivers to. */
  readonly hookUrl: string;
  /** Where GitHub's page leads to once the App exists. */
  readonly redirectUrl: string;
  /** Whether pushes are validated. */
  readonly pushes: boolean;
}

/** GitHub's limit: https://docs.github.com/en/apps/creating-github-apps/registering-a-github-app/registering-a-github-app */
const MAX_NAME = 34;

/** A name that tells Apps of one organization apart. A person may change it on GitHub's page. */
export const appName = (...parts: readonly string[]): string =>
  ["Webhook gateway", ...parts]
    .filter((part) => part !== "")
    .join(" ")
    .slice(0, MAX_NAME)
    .trim();

export function appManifest({ name, hookUrl, redirectUrl, pushes }: ManifestOptions): AppManifest {
  const events = [...NEEDED, ...(pushes ? [PUSH] : [])].map(({ event }) => event);
  const permissions = [...APP_PERMISSIONS, ...events.map((event) => EVENT_PERMISSIONS[event])];
  return {
    name,
    url: new URL(hookUrl).origin,
    hook_attributes: { url: hookUrl, active: true },
    redirect_url: redirectUrl,
    public: false,
    default_permissions: highest(permissions),
    // Renames and transfers. Every App gets what happens to its installations.
    default_events: [...events, "repository"],
  };
}

function highest(permissions: readonly Permission[]): Record<string, Permission["level"]> {
  const levels: Record<string, Permission["level"]> = {};
  for (const { name, level } of permissions) if (levels[name] !== "write") levels[name] = level;
  return levels;
}
