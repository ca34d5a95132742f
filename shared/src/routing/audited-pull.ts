/** Pull requests as GitHub's API lists them, for the audit: they have the fields of those in payloads. */
import * as v from "valibot";
import type { DeliveryFact } from "../messages/fact.ts";
import { factVersionOf, pullRequestChange } from "./change.ts";
import { pullRequest } from "./payload.ts";

const schema = pullRequest.entries.pull_request;

/** One pull request. */
export type AuditedPull = v.InferOutput<typeof schema>;

/** Undefined if a field that routing needs is missing or malformed. */
export function readPull(given: unknown): AuditedPull | undefined {
  const parsed = v.safeParse(schema, given);
  return parsed.success ? parsed.output : undefined;
}

/** The repository of an audited pull request. */
type Repository = NonNullable<DeliveryFact["repository"]>;

/** What an audit found. */
export type Finding = "new" | "changed" | "closed";

/**
 * The delivery that an audit records, routed like `synchronize` (or `closed`). A head that was never seen has the same
 * id in each audit; any other change has the same id for the same time. Deliveries of GitHub never have these ids, which
 * are not GUIDs, so they need no fingerprint.
 */
export function auditFact(
  repository: Repository,
  pull: AuditedPull,
  what: Finding,
  { received_at, installation_id }: Pick<DeliveryFact, "received_at" | "installation_id">,
): DeliveryFact | undefined {
  const action = what === "closed" ? "closed" : "synchronize";
  const change = pullRequestChange({ pull_request: pull, before: null, changes: null, repository }, action);
  if ("kind" in change) return undefined;
  const head = `audit-${repository.id}-${pull.number}-${pull.head.sha}`;
  const seconds = Date.parse(pull.updated_at) / 1000;
  return {
    v: factVersionOf(change),
    kind: "delivery",
    id: what === "new" ? head : `${head}-${what === "closed" ? "closed-" : ""}${seconds}`,
    event: "audit",
    action: what === "closed" ? "closed" : null,
    received_at,
    repository,
    sender: null,
    installation_id,
    change,
  };
}
