/** Replaying and discarding dead letters: previewed, confirmed by a person, followed to the end. */
import type { DeadLetterPreview } from "@webhook-gateway/shared/api/dead-letter.ts";
import type { ReplayItem } from "@webhook-gateway/shared/api/replay.ts";
import type { DeadLetterAction, DeadLetterRequest } from "../../api/operator-api.ts";
import { ApiError } from "../../api/refusal.ts";
import type { Session } from "../../api/session.ts";
import { EXIT, GatewayError } from "../../exit.ts";
import { catchInterrupts } from "../../input/interrupt.ts";
import { requireConfirmation } from "../../input/prompt.ts";
import { tableLines } from "../../output/table.ts";
import { messageScreen, printJson, printMessage, resultScreen, type Screen } from "../../output/terminal.ts";
import { deadLetterColumns } from "../../view/dead-letter.ts";
import { followReplay } from "../replay-follow.ts";

export interface DeadLetterCommand {
  readonly action: DeadLetterAction;
  readonly request: DeadLetterRequest;
  readonly dryRun: boolean;
  /** No confirmation is needed. */
  readonly yes: boolean;
}

/**
 * Carries out the command, if it is confirmed.
 * @throws GatewayError if nothing matches, it is not confirmed, or the gateway refuses
 */
export async function runDeadLetterCommand(session: Session, command: DeadLetterCommand): Promise<void> {
  const { action, request, dryRun } = command;
  const preview = await session.api.previewDeadLetters(action, request);
  if (dryRun && session.json) printJson(preview);
  if (preview.total === 0) throw await nothingToDo(session, request);
  const named = request.scope.ids?.length ?? 0;
  if (named > preview.total)
    printMessage(`${named - preview.total} of ${countText(named)} are not open and are left alone`);
  if (dryRun) {
    if (!session.json) printPreview(preview, action, resultScreen());
    return;
  }
  printPreview(preview, action, messageScreen());
  const oneIsNamed = request.scope.ids?.length === 1;
  if (!command.yes && !oneIsNamed) await requireConfirmation(action, action);

  // From here on Ctrl-C stops waiting, and prints the replay's id.
  const interrupts = catchInterrupts();
  const started = await start(session, command);
  if (started.total !== preview.total)
    printMessage(`now ${countText(started.total)} ${started.total === 1 ? "matches" : "match"}`);
  await followReplay(session, started, interrupts);
}

/** If ids are given, the status of the first says more than that none is open. */
async function nothingToDo({ api }: Session, { scope }: DeadLetterRequest): Promise<GatewayError> {
  const [first] = scope.ids ?? [];
  if (first === undefined) return new GatewayError("no open dead letter matches", EXIT.nothingMatched);
  const { id, status, replay_id } = await api.deadLetter(first);
  if (status === "replaying") return new GatewayError(`${id} is already being replayed, by ${replay_id}`);
  return new GatewayError(`${id} is not open: its status is ${status}`, EXIT.nothingMatched);
}

function printPreview({ total, sample }: DeadLetterPreview, action: DeadLetterAction, screen: Screen): void {
  const first = total > sample.length ? `, the first ${sample.length} of them` : "";
  screen.print([
    `${countText(total)} to ${action}${first}:`,
    ...tableLines(sample, deadLetterColumns(new Date()), screen),
  ]);
}

async function start(session: Session, { action, request }: DeadLetterCommand): Promise<ReplayItem> {
  try {
    return await session.api.actOnDeadLetters(action, request);
  } catch (thrown) {
    if (!(thrown instanceof ApiError) || !thrown.isTransient) throw thrown;
    const list = session.commandLine("replays list");
    throw new GatewayError(`${thrown.message}; it may have started anyway: ${list}`);
  }
}

const countText = (count: number): string => (count === 1 ? "1 dead letter" : `${count} dead letters`);
