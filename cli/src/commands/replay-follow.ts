/** Following a replay to its end, and what it ended with. */
import type { ReplayItem } from "@webhook-gateway/shared/api/replay.ts";
import { ApiError } from "../api/refusal.ts";
import type { Session } from "../api/session.ts";
import { GatewayError } from "../exit.ts";
import type { Interrupts } from "../input/interrupt.ts";
import { openProgress } from "../output/progress.ts";
import { fieldLines } from "../output/table.ts";
import { printJson, resultScreen, say } from "../output/terminal.ts";
import { replayFields } from "../view/replay.ts";
import { type Followed, follow } from "./follow.ts";

/**
 * Shows a replay's progress until it has ended, then prints it.
 * @throws GatewayError where letters failed, or it was cancelled, or the following was interrupted
 */
export async function followReplay(
  session: Session,
  first: ReplayItem,
  interrupts: Interrupts,
): Promise<void> {
  const { item, done } = await followIt(session, first, interrupts);
  printReplay(session, item);
  if (!done) {
    tellLeftRunning(session, item);
    throw new GatewayError("interrupted");
  }
  interrupts.release();
  checkEnd(session, item);
}

async function followIt(
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
    if (thrown instanceof ApiError && thrown.isPassing) tellLeftRunning(session, first);
    throw thrown;
  }
}

function checkEnd(session: Session, { status, replayed, failed, total }: ReplayItem): void {
  if (status === "cancelled") throw new GatewayError(`it was cancelled after ${replayed} of ${total}`);
  if (failed === 0) return;
  const look = session.commandLine("dlq list");
  throw new GatewayError(`${failed} of ${total} could not be replayed and are open again: ${look}`);
}

/** Prints one replay. */
export function printReplay(session: Session, item: ReplayItem): void {
  const screen = resultScreen();
  if (session.json) printJson(item);
  else screen.print(fieldLines(replayFields(item, new Date()), screen));
}

function progressText({ status, total, replayed, failed, rate }: ReplayItem): string {
  const failures = failed > 0 ? `, ${failed} failed` : "";
  const left = status === "running" && rate > 0 ? `, ${Math.ceil((total - replayed) / rate)} min left` : "";
  return `${replayed} of ${total}${failures}${left}`;
}

/** Tells how to go on. */
function tellLeftRunning({ commandLine }: Session, { id }: ReplayItem): void {
  say("the replay goes on without this command");
  say(`  to follow it: ${commandLine(`replays show ${id} --follow`)}`);
  say(`  to end it:    ${commandLine(`replays cancel ${id}`)}`);
}
