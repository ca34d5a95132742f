/** Commands about many rows: previewed, confirmed by a person, followed to the end. */
import type { ReplayItem } from "@webhook-gateway/shared/api/replay.ts";
import { ApiError } from "../../api/refusal.ts";
import type { Session } from "../../api/session.ts";
import { EXIT, GatewayError } from "../../exit.ts";
import { catchInterrupts } from "../../input/interrupt.ts";
import { requireConfirmation } from "../../input/prompt.ts";
import { type Column, tableLines } from "../../output/table.ts";
import { messageScreen, printJson, printMessage, resultScreen, type Screen } from "../../output/terminal.ts";
import { printDetached } from "../searches/follow.ts";
import { followReplay } from "./replay-follow.ts";

interface Preview<Item> {
  readonly total: number;
  readonly sample: readonly Item[];
}

/** What a command does, whatever it is about. */
export interface Bulk<Item> {
  /** The word that confirms it. */
  readonly verb: string;
  /** One of what it is about; several have an `s`. */
  readonly noun: string;
  readonly columns: (now: Date) => readonly Column<Item>[];
  /** How many were named by their ids; 0 for another scope. */
  readonly named: number;
  /** Why some that were named are left alone. */
  readonly unfit: string;
  preview(): Promise<Preview<Item>>;
  start(): Promise<ReplayItem>;
  /** What is wrong if nothing matches. */
  nothingToDo(): Promise<GatewayError>;
}

export interface BulkOptions {
  readonly dryRun?: boolean;
  /** No confirmation is needed. */
  readonly yes?: boolean;
  /** The command ends once it has started. */
  readonly detach?: boolean;
}

/**
 * Carries out the command, if it is confirmed. One that is named needs no confirmation.
 * @throws GatewayError if nothing matches, it is not confirmed, or the gateway refuses
 */
export async function runBulk<Item>(session: Session, bulk: Bulk<Item>, options: BulkOptions): Promise<void> {
  const { verb, named } = bulk;
  const preview = await bulk.preview();
  if (options.dryRun && session.json) printJson(preview);
  if (preview.total === 0) throw await bulk.nothingToDo();
  if (named > preview.total)
    printMessage(`${named - preview.total} of ${countText(named, bulk)} ${bulk.unfit} and are left alone`);
  if (options.dryRun) {
    if (!session.json) printPreview(preview, bulk, resultScreen());
    return;
  }
  printPreview(preview, bulk, messageScreen());
  if (!options.yes && named !== 1) await requireConfirmation(verb, verb);

  // From here on Ctrl-C stops waiting, and prints the id.
  const interrupts = catchInterrupts();
  const started = await start(session, bulk);
  if (started.total !== preview.total)
    printMessage(`now ${countText(started.total, bulk)} ${started.total === 1 ? "matches" : "match"}`);
  if (options.detach) {
    interrupts.release();
    printDetached(session, started);
  } else await followReplay(session, started, interrupts);
}

function printPreview<Item>({ total, sample }: Preview<Item>, bulk: Bulk<Item>, screen: Screen): void {
  const first = total > sample.length ? `, the first ${sample.length} of them` : "";
  screen.print([
    `${countText(total, bulk)} to ${bulk.verb}${first}:`,
    ...tableLines(sample, bulk.columns(new Date()), screen),
  ]);
}

async function start<Item>(session: Session, bulk: Bulk<Item>): Promise<ReplayItem> {
  try {
    return await bulk.start();
  } catch (thrown) {
    if (!(thrown instanceof ApiError) || !thrown.isTransient) throw thrown;
    const list = session.commandLine("replays list");
    throw new GatewayError(`${thrown.message}; it may have started anyway: ${list}`);
  }
}

const countText = (count: number, { noun }: Pick<Bulk<unknown>, "noun">): string =>
  count === 1 ? `1 ${noun}` : `${count} ${noun}s`;

/** If nothing of another scope matches. */
export const nothingMatches = (noun: string): GatewayError =>
  new GatewayError(`no ${noun} matches`, EXIT.nothingMatched);
