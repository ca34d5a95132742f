/** Follows a replay, or another command about many rows, to its end, and reports how it ended. */
import type { ReplayItem } from "@webhook-gateway/shared/api/replay.ts";
import { ApiError } from "../../api/refusal.ts";
import type { Session } from "../../api/session.ts";
import { GatewayError } from "../../exit.ts";
import type { Interrupts } from "../../input/interrupt.ts";
import { openProgress } from "../../output/progress.ts";
import { fieldLines } from "../../output/table.ts";
import { printMessage, printResult } from "../../output/terminal.ts";
import { failedText, isAboutValidations, replayFields } from "../../view/replay.ts";
import { type Followed, follow } from "../searches/follow.ts";

/**
 * Shows a replay's progress until it has ended, then prints it.
 * @throws GatewayError if dead letters failed, it was cancelled, or Ctrl-C was pressed
 */
export async function followReplay(
  session: Session,
  first: ReplayItem,
  interrupts: Interrupts,
): Promise<void> {
  const { item, done } = await followProgress(session, first, interrupts);
  printReplay(session, item);
  if (!done) {
    printHowToContinue(session, item);
    throw new GatewayError("interrupted");
  }
  interrupts.release();
  checkEnd(session, item);
}

async function followProgress(
  session: Session,
  first: ReplayItem,
  { signal }: Interrupts,
): Promise<Followed<ReplayItem>> {
  try {
    return await follow(first, {
      load: (signal) => session.api.replay(first.id, signal),
      isDone: ({ status }) => status !== "running",
      progress: openProgress({
        total: ({ total }) => total,
        value: ({ replayed }) => replayed,
        text: progressText,
      }),
      signal,
    });
  } catch (thrown) {
    if (thrown instanceof ApiError && thrown.isTransient) printHowToContinue(session, first);
    throw thrown;
  }
}

function checkEnd(session: Session, item: ReplayItem): void {
  const { status, replayed, failed, total } = item;
  if (status === "cancelled") throw new GatewayError(`it was cancelled after ${replayed} of ${total}`);
  if (failed === 0) return;
  if (isAboutValidations(item)) {
    printMessage(`${failed} of ${total} were left alone: their timelines say why`);
    return;
  }
  const list = session.commandLine("dlq list");
  throw new GatewayError(`${failed} of ${total} could not be replayed and are open again: ${list}`);
}

export const printReplay = ({ json }: Session, item: ReplayItem): void =>
  printResult(json, item, (shown, screen) => fieldLines(replayFields(shown, new Date()), screen));

function progressText(item: ReplayItem): string {
  const { status, total, replayed, rate } = item;
  const failures = failedText(item);
  const left = status === "running" && rate > 0 ? `, ${Math.ceil((total - replayed) / rate)} min left` : "";
  return `${replayed} of ${total}${failures}${left}`;
}

function printHowToContinue({ commandLine }: Session, { id }: ReplayItem): void {
  printMessage("it continues without this command");
  printMessage(`  to follow it: ${commandLine(`replays show ${id} --follow`)}`);
  printMessage(`  to cancel it: ${commandLine(`replays cancel ${id}`)}`);
}
