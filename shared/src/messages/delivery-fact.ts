import { mergeGroupSubject, pullRequestSubject, pushSubject, validationId } from "../domain/subject.ts";
import type { Projection, UnhashedChange } from "../routing/routing.ts";
import { type Change, type DeliveryFact, FACT_VERSION } from "./fact.ts";

/** What the headers and the moment say of a delivery. */
export interface DeliveryHead {
  readonly id: string;
  readonly event: string;
  readonly receivedAt: string;
}

/** Completes a projection into the fact that goes on the queue: at most 4 KiB of JSON. */
export async function deliveryFact(head: DeliveryHead, projection: Projection): Promise<DeliveryFact> {
  const { change, ...common } = projection;
  return {
    v: FACT_VERSION,
    kind: "delivery",
    id: head.id,
    event: head.event,
    received_at: head.receivedAt,
    ...common,
    change: await hashRef(change),
  };
}

/**
 * The validation that a delivery asks for: the first run of its head. Later runs, deliveries that turn out to be stale,
 * and whether drafts are validated, are known only once they are recorded.
 */
export function askedValidationId({ repository, change }: DeliveryFact): string | undefined {
  if (repository === null) return undefined;
  const first = (subject: string, headSha: string) => validationId(repository.id, subject, headSha, 1);
  switch (change.type) {
    case "pull_request":
      return !change.draft && ["opened", "synchronize", "ready_for_review"].includes(change.action)
        ? first(pullRequestSubject(change.number), change.head_sha)
        : undefined;
    case "merge_group":
      return change.action === "checks_requested"
        ? first(mergeGroupSubject(change.head_sha), change.head_sha)
        : undefined;
    case "push":
      return change.validate ? first(pushSubject(change.ref_hash), change.head_sha) : undefined;
    default:
      return undefined;
  }
}

async function hashRef(change: UnhashedChange): Promise<Change> {
  if (change.type !== "push") return change;
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(change.head_ref));
  const hex = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return { ...change, ref_hash: hex };
}
