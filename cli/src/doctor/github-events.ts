/** The events that the gateway lives on, and what is missed without each. */
import { type Finding, fail, warn } from "./finding.ts";

interface NeededEvent {
  readonly event: string;
  readonly without: string;
  /** Without it the gateway does not do what it is there for. */
  readonly vital?: true;
  /** Only an App is told of them: a re-run is sent to the App whose check it is, and to no hook. */
  readonly appOnly?: true;
}

const NEEDED: readonly NeededEvent[] = [
  { event: "pull_request", without: "no pull request is validated", vital: true },
  { event: "merge_group", without: "merge queues are not validated" },
  { event: "issue_comment", without: "/validate in a comment does nothing" },
  { event: "check_run", without: "Re-run of a check does nothing", appOnly: true },
  { event: "check_suite", without: "Re-run all checks does nothing", appOnly: true },
];

const PUSH: NeededEvent = { event: "push", without: "VALIDATE_PUSH_BRANCHES has no effect", vital: true };

/** @param pushes whether pushes are to be validated */
export function missingEvents(
  events: readonly string[],
  { isApp, pushes }: { readonly isApp: boolean; readonly pushes: boolean },
  check: string,
  mend: string,
): Finding[] {
  if (events.includes("*")) return [];
  return [...NEEDED, ...(pushes ? [PUSH] : [])]
    .filter(({ event, appOnly }) => !events.includes(event) && (isApp || appOnly !== true))
    .map(({ event, without, vital }) =>
      (vital ? fail : warn)(check, `${event} is not subscribed to: ${without}`, mend),
    );
}
