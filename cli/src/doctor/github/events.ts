/** The events that the gateway needs: what does not work without each, and which hooks can have it. */
import { isRouted } from "@webhook-gateway/shared/routing/routing.ts";
import { fail, type Report, warn } from "../finding.ts";
import { EVENT_PERMISSIONS, isGiven, type Permission, permissionText } from "./permissions.ts";

export interface NeededEvent {
  readonly event: keyof typeof EVENT_PERMISSIONS;
  readonly without: string;
  /** Without it the gateway fails at its purpose. */
  readonly vital?: true;
  /** Hooks of organizations and repositories never get it, whatever they subscribe to. */
  readonly appOnly?: true;
}

export const NEEDED: readonly NeededEvent[] = [
  { event: "pull_request", without: "no pull request is validated", vital: true },
  // GitHub offers it to Apps only.
  { event: "merge_group", without: "merge queues are not validated", appOnly: true },
  { event: "issue_comment", without: "/validate in a comment does nothing" },
  // GitHub sends a re-run to the App that the check belongs to.
  { event: "check_run", without: "Re-run of a check does nothing", appOnly: true },
  { event: "check_suite", without: "Re-run all checks does nothing", appOnly: true },
];

export const PUSH: NeededEvent = {
  event: "push",
  without: "VALIDATE_PUSH_BRANCHES has no effect",
  vital: true,
};

export interface Subscriber {
  /** The permissions of an App; undefined for the hook of an organization or a repository. */
  readonly permissions?: Readonly<Record<string, string>>;
  /** Whether pushes are validated. */
  readonly pushes: boolean;
}

/** The events that the subscriber does not get. @param fix where a person changes that */
export function missingEvents(
  events: readonly string[],
  { permissions, pushes }: Subscriber,
  fix: string,
): Report[] {
  const needed = [...NEEDED, ...(pushes ? [PUSH] : [])];
  return needed.flatMap(({ event, without, vital, appOnly }) => {
    if (permissions === undefined && appOnly) return [];
    const permission = EVENT_PERMISSIONS[event];
    const lacksPermission = permissions !== undefined && !isGiven(permissions, permission);
    const isSubscribed = events.includes(event) || events.includes("*");
    if (isSubscribed && !lacksPermission) return [];
    const problem = isSubscribed ? "no permission for" : "not subscribed to";
    return [
      (vital ? fail : warn)(
        `${problem} ${event}: ${without}`,
        lacksPermission ? grantFix(fix, [permission]) : fix,
      ),
    ];
  });
}

/** What the subscriber gets by name, and the gateway always ignores: each delivery costs a request. */
export function ignoredEvents(events: readonly string[], fix: string): Report | false {
  const useless = events.filter((event) => event !== "*" && !isRouted(event));
  return useless.length > 0 && warn(`it gets ${useless.join(", ")}, which are always ignored`, fix);
}

/** How to give an App permissions. */
export const grantFix = (settings: string, permissions: readonly Permission[]): string =>
  `${settings}: ${permissions.map(permissionText).join(", ")}; then accept it in each installation`;
