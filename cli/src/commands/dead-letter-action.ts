/** Replaying and discarding dead letters: shown first, confirmed by a person, followed to the end. */
import type { DeadLetterPreview } from "@webhook-gateway/shared/api/dead-letter.ts";
import type { ReplayItem } from "@webhook-gateway/shared/api/replay.ts";
import type { LetterAction, LetterRequest } from "../api/operator-api.ts";
import { ApiError } from "../api/refusal.ts";
import type { Session } from "../api/session.ts";
import { EXIT, GatewayError } from "../exit.ts";
import { catchInterrupts } from "../input/interrupt.ts";
import { askForWord, processTerminal } from "../input/prompt.ts";
import { tableLines } from "../output/table.ts";
import { messageScreen, printJson, resultScreen, type Screen, say } from "../output/terminal.ts";
import { letterColumns } from "../view/dead-letter.ts";
import { followReplay } from "./replay-follow.ts";

export interface LetterOrder {
  readonly action: LetterAction;
  readonly request: LetterRequest;
  readonly dryRun: boolean;
  /** Nobody is asked. */
  readonly yes: boolean;
}

/**
 * Carries the order out, as far as it is confirmed.
 * @throws GatewayError where nothing matches, nobody confirms, or the gateway refuses
 */
export async function orderLetters(session: Session, order: LetterOrder): Promise<void> {
  const { action, request, dryRun } = order;
  const preview = await session.api.previewLetters(action, request);
  if (dryRun && session.json) printJson(preview);
  if (preview.total === 0) throw await whyNone(session, request);
  const named = request.scope.ids?.length ?? 0;
  if (named > preview.total)
    say(`of ${lettersText(named)} named, ${named - preview.total} cannot be touched: not open`);
  if (dryRun) {
    if (!session.json) showPreview(preview, action, resultScreen());
    return;
  }
  showPreview(preview, action, messageScreen());
  if (!order.yes) await confirm(action);

  // Ctrl-C from here on leaves the person with the replay's id.
  const interrupts = catchInterrupts();
  const begun = await begin(session, order);
  if (begun.total !== preview.total) say(`by now it is ${lettersText(begun.total)}`);
  await followReplay(session, begun, interrupts);
}

/** Of letters that are named, how the first stands says more than that none is open. */
async function whyNone({ api }: Session, { scope }: LetterRequest): Promise<GatewayError> {
  const [first] = scope.ids ?? [];
  if (first === undefined) return new GatewayError("no open dead letter matches", EXIT.nothingMatched);
  const { id, status, replay_id } = await api.letter(first);
  if (status === "replaying") return new GatewayError(`${id} is being replayed already, by ${replay_id}`);
  return new GatewayError(`${id} is not open, but ${status}`, EXIT.nothingMatched);
}

function showPreview({ total, sample }: DeadLetterPreview, action: LetterAction, screen: Screen): void {
  const first = total > sample.length ? `, the first ${sample.length} of them` : "";
  screen.print([
    `${lettersText(total)} to ${action}${first}:`,
    ...tableLines(sample, letterColumns(new Date()), screen),
  ]);
}

async function confirm(action: LetterAction): Promise<void> {
  const terminal = processTerminal();
  if (!terminal.isInteractive) {
    throw new GatewayError(
      `nothing was done: without a terminal to ask on, --yes has to confirm the ${action}`,
    );
  }
  if (!(await askForWord(action, terminal))) throw new GatewayError("nothing was done: it was not confirmed");
}

async function begin(session: Session, { action, request }: LetterOrder): Promise<ReplayItem> {
  try {
    return await session.api.orderLetters(action, request);
  } catch (thrown) {
    if (!(thrown instanceof ApiError) || !thrown.isPassing) throw thrown;
    const look = session.commandLine("replays list");
    throw new GatewayError(`${thrown.message}; it may have begun all the same: ${look}`);
  }
}

const lettersText = (count: number): string => (count === 1 ? "1 dead letter" : `${count} dead letters`);
