/** The events that the gateway lives on: what is missed without each, and who can be told of it. */
import { type Finding, fail, warn } from "../finding.ts";
import { EVENT_PERMISSIONS, isGiven, type Permission, permissionText } from "./permissions.ts";

export interface NeededEvent {
  readonly event: keyof typeof EVENT_PERMISSIONS;
  readonly without: string;
  /** Without it the gateway does not do what it is there for. */
  readonly vital?: true;
  /** Hooks of organisations and repositories are not told of it, whatever they subscribe to. */
  readonly appOnly?: true;
}

export const NEEDED: readonly NeededEvent[] = [
  { event: "pull_request", without: "no pull request is validated", vital: true },
  // GitHub offers it to Apps alone.
  { event: "merge_group", without: "merge queues are not validated", appOnly: true },
  { event: "issue_comment", without: "/validate in a comment does nothing" },
  // A re-run is sent to the App whose check it is.
  { event: "check_run", without: "Re-run of a check does nothing", appOnly: true },
  { event: "check_suite", without: "Re-run all checks does nothing", appOnly: true },
];

export const PUSH: NeededEvent = {
  event: "push",
  without: "VALIDATE_PUSH_BRANCHES has no effect",
  vital: true,
};

export interface Subscriber {
  /** Of an App: what it was given. None for the hook of an organisation or a repository. */
  readonly permissions?: Readonly<Record<string, string>>;
  /** Whether pushes are to be validated. */
  readonly pushes: boolean;
}

/** What is to be subscribed to, or may not be. @param mend where a person changes it */
export function missingEvents(
  events: readonly string[],
  { permissions, pushes }: Subscriber,
  check: string,
  mend: string,
): Finding[] {
  const needed = [...NEEDED, ...(pushes ? [PUSH] : [])];
  return needed.flatMap(({ event, without, vital, appOnly }) => {
    if (permissions === undefined && appOnly) return [];
    const permission = EVENT_PERMISSIONS[event];
    const lacks = permissions !== undefined && !isGiven(permissions, permission);
    const isSubscribed = events.includes(event) || events.includes("*");
    if (isSubscribed && !lacks) return [];
    const what = isSubscribed
      ? `it may not have ${event}: ${without}`
      : `${event} is not subscribed to: ${without}`;
    return [(vital ? fail : warn)(check, what, lacks ? grantMend(mend, [permission]) : mend)];
  });
}

/** What to do so that an App has these. */
export const grantMend = (settings: string, permissions: readonly Permission[]): string =>
  `${settings}: ${permissions.map(permissionText).join(", ")}; then accept it in each installation`;
