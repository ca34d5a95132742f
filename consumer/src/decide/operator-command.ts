/** What an operator's order leads to. Pure: reads and changes only the draft. */
import type { OrderFact } from "@webhook-gateway/shared/messages/fact.ts";
import type { Validation } from "@webhook-gateway/shared/store/rows.ts";
import type { Draft } from "../record/change-set.ts";
import type { DeliveryPolicy } from "./context.ts";
import { ensureRun, liveRuns, stopRun } from "./run.ts";

/** Decides an order that was not recorded before. A validation that is gone or has finished stays as it is. */
export function decideOrder(draft: Draft, fact: OrderFact, policy: DeliveryPolicy): void {
  const validation = draft.validation(fact.validation_id);
  if (validation === undefined) return;
  if (fact.order === "cancel") {
    stopRun(draft, validation, "cancelled", "cancelled by an operator", fact.id);
    return;
  }
  decideRerun(draft, validation, fact, policy);
}

function decideRerun(draft: Draft, validation: Validation, fact: OrderFact, policy: DeliveryPolicy): void {
  const obstacle = obstacleTo(draft, validation);
  const subject = draft.subject(validation.repository_id, validation.subject);
  if (obstacle !== null || subject === undefined) {
    const reason = `not run again: ${obstacle ?? "its subject is gone"}`;
    draft.note(validation, { reason, deliveryId: fact.id });
    return;
  }
  const origin = { deliveryId: validation.delivery_id, causeId: fact.id, by: "an operator's re-run" };
  const request = { cause: `order ${fact.id}`, once: true, force: true, restart: true };
  ensureRun(draft, subject, origin, request, policy.cancelSuperseded);
}

/**
 * Queues a validation that could not be dispatched, behind live work.
 * @returns what came of it, for a person
 */
export function replayDispatch(draft: Draft, validationId: string, replayId: string): string {
  const validation = draft.validation(validationId);
  if (validation === undefined) return "not run: the validation is gone";
  if (validation.state !== "dead") return `not run: it is ${validation.state}`;
  const obstacle = obstacleTo(draft, validation) ?? otherRun(draft, validation);
  if (obstacle !== null) return `not run: ${obstacle}`;
  draft.requeue(validation, { reason: `replayed by ${replayId}`, deliveryId: null });
  return "queued behind live work";
}

/** Another run that this one would be in the way of; null where there is none. */
function otherRun(draft: Draft, { repository_id, subject, head_sha, run }: Validation): string | null {
  const [live] = liveRuns(draft, { repository_id, subject });
  if (live !== undefined) return `${live.id} is under way`;
  const later = draft
    .runsOf({ repository_id, subject })
    .find((row) => row.head_sha === head_sha && row.run > run);
  return later === undefined ? null : `run ${later.run} took its place`;
}

/** Why a head is not to be run any more; null where it is. */
function obstacleTo(draft: Draft, validation: Validation): string | null {
  const subject = draft.subject(validation.repository_id, validation.subject);
  if (subject === undefined) return "its subject is gone";
  // The decision relies on it: a push that is recorded meanwhile makes this one be made again.
  draft.putSubject(subject);
  if (subject.state === "closed") return "its subject is closed";
  return subject.head_sha === validation.head_sha
    ? null
    : `a newer head took its place (${subject.head_sha.slice(0, 12)})`;
}
