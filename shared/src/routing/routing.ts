/**
 * Which deliveries matter, and what of them: a pure function from event and payload to a fact. The payload of an event
 * that is ignored by its name is never parsed.
 */

import * as v from "valibot";
import {
  type Change,
  type DeliveryFact,
  MERGE_GROUP_ACTIONS,
  PULL_REQUEST_ACTIONS,
} from "../messages/fact.ts";
import {
  approvalChange,
  commandChange,
  factVersionOf,
  type Ignored,
  ignored,
  mergeGroupChange,
  pullRequestChange,
  pushChange,
  rerunChange,
} from "./change.ts";
import type { ActionOf, EventName, SchemaFor } from "./github-event.ts";
import * as payloads from "./payload.ts";
import type { RoutingPolicy } from "./routing-policy.ts";

/** What is known of a delivery without its payload. */
export type DeliveryHead = Pick<DeliveryFact, "id" | "event" | "received_at">;

/** `invalid`: a field that routing needs is missing or malformed. */
export type Route =
  | Ignored
  | { readonly kind: "invalid"; readonly fields: readonly string[] }
  /** The fact goes on the queue: at most 4 KiB of JSON. */
  | { readonly kind: "recorded"; readonly fact: DeliveryFact };

/** Whether the event's payload has to be read at all. */
export const isRouted = (event: string): boolean => routerOf(event) !== undefined;

/** Whether the delivery is ignored, whatever its payload holds. */
export function isIgnored(event: string, action: string | null): boolean {
  const router = routerOf(event);
  if (router === undefined) return true;
  return action !== null && router.actions?.includes(action) === false;
}

/** Routes one payload. */
export async function routeDelivery(
  head: DeliveryHead,
  payload: unknown,
  policy: RoutingPolicy,
): Promise<Route> {
  const router = routerOf(head.event);
  if (router === undefined) return ignored(`${head.event} events are ignored`);
  const action = v.safeParse(payloads.actionOnly, payload);
  if (!action.success) return invalid(action.issues);
  const change = await router.route(payload, action.output.action, policy);
  if ("kind" in change) return change;
  const common = v.safeParse(payloads.common, payload);
  if (!common.success) return invalid(common.issues);
  const { repository } = common.output;
  if (repository === null && change.type !== "note") return { kind: "invalid", fields: ["repository"] };
  if (repository !== null && head.event !== "ping" && !policy.allowsRepository(repository.full_name)) {
    return { ...ignored("this repository is not allowed by the configuration"), repositoryDenied: true };
  }
  return { kind: "recorded", fact: factOf(head, common.output, change) };
}

interface Router {
  /** Any other action is ignored. Undefined: every payload matters. */
  readonly actions?: readonly string[];
  readonly route: (
    payload: unknown,
    action: string | null,
    policy: RoutingPolicy,
  ) => Change | Route | Promise<Change | Route>;
}

/** Routes the payloads of an event with one of these actions. GitHub always sends the action of such an event. */
export const onActions = <
  Name extends EventName,
  Action extends ActionOf<Name>,
  Schema extends v.GenericSchema,
>(
  event: Name,
  actions: readonly Action[],
  schema: Schema & SchemaFor<Name, Schema>,
  changeOf: (payload: v.InferOutput<Schema>, action: Action) => Change | Route,
): Router => ({
  actions,
  route: (payload, given) => {
    if (given === null) return { kind: "invalid", fields: ["action"] };
    const action = actions.find((known) => known === given);
    if (action === undefined) return ignored(`${event} ${given} is ignored`);
    return readPayload<Schema, Change | Route>(schema, payload, (read) => changeOf(read, action));
  },
});

function readPayload<Schema extends v.GenericSchema, Result>(
  schema: Schema,
  payload: unknown,
  changeOf: (read: v.InferOutput<Schema>) => Result,
): Result | Route {
  const parsed = v.safeParse(schema, payload);
  return parsed.success ? changeOf(parsed.output) : invalid(parsed.issues);
}

const pushSchema = payloads.push satisfies SchemaFor<"push", typeof payloads.push>;
const noteChange = (): Change => ({ type: "note" });
const EVERY_PAYLOAD: Router = { route: noteChange };

/** Any other event is ignored. */
const ROUTERS = {
  pull_request: onActions("pull_request", PULL_REQUEST_ACTIONS, payloads.pullRequest, pullRequestChange),
  merge_group: onActions("merge_group", MERGE_GROUP_ACTIONS, payloads.mergeGroup, mergeGroupChange),
  push: {
    route: (payload, _, policy) => readPayload(pushSchema, payload, (push) => pushChange(push, policy)),
  },
  check_run: onActions("check_run", ["rerequested", "requested_action"], payloads.checkRun, (read, action) =>
    action === "rerequested" ? rerunChange(read.check_run) : approvalChange(read),
  ),
  check_suite: onActions("check_suite", ["rerequested"], payloads.checkSuite, (read) =>
    rerunChange(read.check_suite),
  ),
  issue_comment: onActions("issue_comment", ["created"], payloads.issueComment, commandChange),
  repository: onActions("repository", ["renamed", "transferred", "deleted"], payloads.actionOnly, noteChange),
  ping: EVERY_PAYLOAD,
  installation: EVERY_PAYLOAD,
} satisfies { readonly [Name in EventName]?: Router };

/** Every event about installations is recorded, such as `installation_repositories`. */
function routerOf(event: string): Router | undefined {
  if (event.startsWith("installation")) return ROUTERS.installation;
  return Object.hasOwn(ROUTERS, event) ? ROUTERS[event as keyof typeof ROUTERS] : undefined;
}

function factOf(
  head: DeliveryHead,
  { action, repository, sender, installation }: payloads.Common,
  change: Change,
): DeliveryFact {
  return {
    v: factVersionOf(change),
    kind: "delivery",
    id: head.id,
    event: head.event,
    received_at: head.received_at,
    action,
    sender: sender?.login ?? null,
    installation_id: installation?.id ?? null,
    repository:
      repository === null
        ? null
        : {
            id: repository.id,
            full_name: repository.full_name,
            clone_url: repository.clone_url ?? "",
          },
    change,
  };
}

/** Names of fields only: an issue's own text quotes what was received. */
const invalid = (issues: readonly v.BaseIssue<unknown>[]): Route => ({
  kind: "invalid",
  fields: [...new Set(issues.map((issue) => v.getDotPath(issue) ?? "payload"))].slice(0, 10),
});
