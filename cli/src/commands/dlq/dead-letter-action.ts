/** Replaying and discarding dead letters. */
import type { DeadLetterItem } from "@webhook-gateway/shared/api/dead-letter.ts";
import type { DeadLetterAction, DeadLetterRequest } from "../../api/operator-api.ts";
import type { Session } from "../../api/session.ts";
import { EXIT, GatewayError } from "../../exit.ts";
import { deadLetterColumns } from "../../view/dead-letter.ts";
import { type Bulk, nothingMatches } from "../replays/bulk-action.ts";

export const deadLetterBulk = (
  session: Session,
  action: DeadLetterAction,
  request: DeadLetterRequest,
): Bulk<DeadLetterItem> => ({
  verb: action,
  noun: "dead letter",
  columns: deadLetterColumns,
  named: request.scope.ids?.length ?? 0,
  unfit: "are not open",
  preview: () => session.api.previewDeadLetters(action, request),
  start: () => session.api.actOnDeadLetters(action, request),
  nothingToDo: () => nothingToDo(session, request),
});

/** If ids are given, the status of the first says more than that none is open. */
async function nothingToDo({ api }: Session, { scope }: DeadLetterRequest): Promise<GatewayError> {
  const [first] = scope.ids ?? [];
  if (first === undefined) return nothingMatches("open dead letter");
  const { id, status, replay_id } = await api.deadLetter(first);
  if (status === "replaying") return new GatewayError(`${id} is already being replayed, by ${replay_id}`);
  return new GatewayError(`${id} is not open: its status is ${status}`, EXIT.nothingMatched);
}
