/** Decides operator commands. Pure: reads and changes only the change set. */
import { isFinal } from "@webhook-gateway/shared/domain/validation.ts";
import type { OperatorCommandFact } from "@webhook-gateway/shared/messages/fact.ts";
import type { OperatorAction } from "@webhook-gateway/shared/store/operator-action.ts";
import type { Validation } from "@webhook-gateway/shared/store/validation-row.ts";
import type { ChangeSet } from "./change-set.ts";
import type { DeliveryPolicy } from "./context.ts";
import { approveRun, ensureRun, liveRuns, stopRun } from "./run.ts";

type Outcome = Pick<OperatorAction, "outcome" | "reason">;

/** Facts of earlier versions do not name who asks. */
const UNNAMED = "operator:operator";
const GONE = "the pull request or branch no longer exists";

/** Decides a command that was not recorded before. A validation that is deleted or has finished stays as it is. */
export function decideOperatorCommand(
  changes: ChangeSet,
  fact: OperatorCommandFact,
  policy: DeliveryPolicy,
): void {
  const { id, received_at: at, actor = UNNAMED, order: action, validation_id: target } = fact;
  const decided = decideCommand(changes, { ...fact, actor }, policy);
  changes.add({ kind: "action", row: { id, at, actor, action, target, ...decided } });
}

/**
 * Decides a command that is about many validations, for one of them. If it was decided before a crash, it stays so.
 * @returns whether something was done about it
 */
export function decideBulkCommand(
  changes: ChangeSet,
  fact: OperatorCommandFact,
  policy: DeliveryPolicy,
): boolean {
  const { id, actor = UNNAMED, order, validation_id } = fact;
  const validation = changes.validation(validation_id);
  if (validation === undefined) return false;
  const by = `${actor} (${order} ${id})`;
  if (order === "cancel") {
    if (isFinal(validation.state)) return validation.state === "cancelled";
    stopRun(changes, validation, "cancelled", `cancelled by ${by}`, id);
    return true;
  }
  const cause = `order ${id}`;
  const isSameHead = (row: Validation) => row.head_sha === validation.head_sha;
  if (changes.runsOf(validation).some((row) => isSameHead(row) && row.cause === cause)) return true;
  const subject = changes.subject(validation.repository_id, validation.subject);
  const obstacle = obstacleTo(changes, validation) ?? otherRun(changes, validation);
  if (obstacle !== null || subject === undefined) {
    changes.note(validation, {
      reason: `not run again: ${obstacle ?? GONE} (${by})`,
      deliveryId: id,
    });
    return false;
  }
  const origin = { deliveryId: validation.delivery_id, causeId: id, by };
  const request = { cause, once: true, force: true, restart: true };
  return ensureRun(changes, subject, origin, request, policy).outcome === "started";
}

type NamedCommand = OperatorCommandFact & { readonly actor: string };

function decideCommand(changes: ChangeSet, fact: NamedCommand, policy: DeliveryPolicy): Outcome {
  const validation = changes.validation(fact.validation_id);
  if (validation === undefined) return { outcome: "refused", reason: "the validation no longer exists" };
  if (fact.order === "rerun") return decideRerun(changes, validation, fact, policy);
  if (fact.order === "approve") return decideApprove(changes, validation, fact);
  if (isFinal(validation.state)) {
    return { outcome: "unchanged", reason: `the validation has already ended: ${validation.state}` };
  }
  stopRun(changes, validation, "cancelled", `cancelled by ${fact.actor}`, fact.id);
  return DONE;
}

function decideApprove(changes: ChangeSet, validation: Validation, fact: NamedCommand): Outcome {
  const { actor, id, reason } = fact;
  if (validation.state !== "held") {
    return { outcome: "unchanged", reason: `not waiting for approval: ${validation.state}` };
  }
  approveRun(changes, validation, reason === undefined ? actor : `${actor} (${reason})`, id);
  return { outcome: "done", reason: reason ?? null };
}

const DONE: Outcome = { outcome: "done", reason: null };

function decideRerun(
  changes: ChangeSet,
  validation: Validation,
  fact: NamedCommand,
  policy: DeliveryPolicy,
): Outcome {
  const obstacle = obstacleTo(changes, validation);
  const subject = changes.subject(validation.repository_id, validation.subject);
  if (obstacle !== null || subject === undefined) {
    const reason = `not run again: ${obstacle ?? GONE}`;
    changes.note(validation, { reason: `${reason} (${fact.actor})`, deliveryId: fact.id });
    return { outcome: "refused", reason };
  }
  const origin = { deliveryId: validation.delivery_id, causeId: fact.id, by: `${fact.actor} (re-run)` };
  const request = { cause: `order ${fact.id}`, once: true, force: true, restart: true };
  const { outcome, reason } = ensureRun(changes, subject, origin, request, policy);
  return outcome === "started" ? DONE : { outcome: "refused", reason: `not run again: ${reason}` };
}

/**
 * Queues a validation that could not be dispatched, behind live work.
 * @returns the outcome, for a person
 */
export function replayDispatch(changes: ChangeSet, validationId: string, replayId: string): string {
  const validation = changes.validation(validationId);
  if (validation === undefined) return "not run: the validation no longer exists";
  if (validation.state !== "dead") return `not run: it is ${validation.state}`;
  const obstacle = obstacleTo(changes, validation) ?? otherRun(changes, validation);
  if (obstacle !== null) return `not run: ${obstacle}`;
  changes.requeue(validation, { reason: `replayed by ${replayId}`, deliveryId: null });
  return "queued behind live work";
}

/** Another run that makes this one obsolete; null if there is none. */
function otherRun(changes: ChangeSet, { repository_id, subject, head_sha, run }: Validation): string | null {
  const [live] = liveRuns(changes, { repository_id, subject });
  if (live !== undefined) return `${live.id} is under way`;
  const later = changes
    .runsOf({ repository_id, subject })
    .find((row) => row.head_sha === head_sha && row.run > run);
  return later === undefined ? null : `superseded by run ${later.run}`;
}

/** Why a head is not to be run any more; null if it is. */
function obstacleTo(changes: ChangeSet, validation: Validation): string | null {
  const subject = changes.subject(validation.repository_id, validation.subject);
  if (subject === undefined) return GONE;
  // The decision relies on it: if a push is recorded meanwhile, it is made again.
  changes.putSubject(subject);
  if (subject.state === "closed") return "the pull request or branch is closed";
  return subject.head_sha === validation.head_sha
    ? null
    : `superseded by a newer commit (${subject.head_sha.slice(0, 12)})`;
}
