/** `gateway reconcile`: looks for deliveries that GitHub sent and that never came. */
import type { ReconcileItem } from "@webhook-gateway/shared/api/reconcile.ts";
import type { Command } from "commander";
import { openSession, type Session } from "../api/session.ts";
import { GatewayError } from "../exit.ts";
import { catchInterrupts } from "../input/interrupt.ts";
import { moment } from "../input/option.ts";
import { openProgress } from "../output/progress.ts";
import { type Field, fieldLines } from "../output/table.ts";
import { printJson, resultScreen } from "../output/terminal.ts";
import { utcText } from "../output/time-text.ts";
import { follow } from "./follow.ts";

const EXAMPLES = `
Examples:
  gateway reconcile --since 6h --dry-run
  gateway reconcile --since 6h
  gateway reconcile

The gateway holds GitHub's list of deliveries against what it recorded, and
fetches what is missing. GitHub keeps the list for three days. By itself the
gateway does this every five minutes. With --dry-run nothing is fetched.`;

interface ReconcileOptions {
  readonly since?: string;
  readonly dryRun?: boolean;
}

/** Adds the command. */
export function addReconcile(program: Command): void {
  program
    .command("reconcile")
    .description("look for deliveries that never came")
    .option(
      "--since <when>",
      "not before: 6h ago, or a date and time (default: as far back as GitHub keeps them)",
      moment,
    )
    .option("--dry-run", "only count what is missing")
    .addHelpText("after", EXAMPLES)
    .action(async ({ since, dryRun = false }: ReconcileOptions, command: Command) => {
      const session = await openSession(command);
      const interrupts = catchInterrupts();
      const first = await session.api.startReconcile({ dry_run: dryRun, ...(since && { since }) });
      const { item, done } = await follow(first, {
        load: (signal) => session.api.reconcile(first.id, signal),
        isDone: ({ status }) => status === "done" || status === "failed",
        progress: openProgress({
          total: ({ missing }) => missing,
          value: ({ recovered, redelivered }) => recovered + redelivered,
          text: progressText,
        }),
        signal: interrupts.signal,
      });
      printReconcile(session, item);
      if (!done) throw new GatewayError(`the search ${item.id} goes on without this command`);
      interrupts.release();
      if (item.status === "failed")
        throw new GatewayError(`the search failed: ${item.error ?? "it is not said why"}`);
    });
}

function progressText({ status, listed, missing, recovered, redelivered }: ReconcileItem): string {
  if (status === "waiting") return "waiting for the consumer to begin";
  const redelivery = redelivered > 0 ? `, ${redelivered} asked for again` : "";
  return `${listed} listed, ${missing} missing, ${recovered} fetched${redelivery}`;
}

function printReconcile({ json }: Session, item: ReconcileItem): void {
  const screen = resultScreen();
  if (json) printJson(item);
  else screen.print(fieldLines(fieldsOf(item), screen));
}

const fieldsOf = (item: ReconcileItem): Field[] => [
  ["search", item.id],
  ["status", item.dry_run ? `${item.status}, dry run` : item.status],
  ["since", item.since === null ? null : utcText(item.since)],
  ["listed", item.listed],
  ["missing", item.missing],
  ["fetched", item.dry_run ? null : item.recovered],
  ["asked for again", item.redelivered > 0 ? item.redelivered : null],
];
