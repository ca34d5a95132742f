/** `gateway reconcile`: looks for deliveries that GitHub sent but that never arrived. */
import type { ReconcileItem } from "@webhook-gateway/shared/api/reconcile.ts";
import type { Command } from "commander";
import { openSession } from "../../api/session.ts";
import { moment } from "../../input/option.ts";
import { type Field, fieldLines } from "../../output/table.ts";
import { utcText } from "../../output/time-text.ts";
import { followSearch, printDetached } from "./follow.ts";

const EXAMPLES = `
Examples:
  gateway reconcile --since 6h --dry-run
  gateway reconcile --since 6h
  gateway reconcile

The gateway compares GitHub's list of deliveries with what it recorded, and
fetches what is missing. GitHub keeps the list for three days. The gateway also
does this by itself every five minutes. With --dry-run nothing is fetched.`;

interface ReconcileOptions {
  readonly since?: string;
  readonly dryRun?: boolean;
  readonly detach?: boolean;
}

export function addReconcile(program: Command): void {
  program
    .command("reconcile")
    .description("look for deliveries that never arrived")
    .option(
      "--since <when>",
      "how far back to look: 6h, or a date and time (default: everything that GitHub keeps)",
      moment,
    )
    .option("--dry-run", "only count what is missing")
    .option("--detach", "print the id instead of waiting for the end")
    .addHelpText("after", EXAMPLES)
    .action(async ({ since, dryRun = false, detach = false }: ReconcileOptions, command: Command) => {
      const session = await openSession(command);
      const first = await session.api.startReconcile({ dry_run: dryRun, ...(since && { since }) });
      if (detach) return printDetached(session, first);
      await followSearch(session, first, {
        noun: "search",
        load: session.api.reconcile,
        progress: {
          total: ({ missing }) => missing,
          value: ({ recovered, redelivered }) => recovered + redelivered,
          text: progressText,
        },
        lines: (shown, screen) => fieldLines(fieldsOf(shown), screen),
      });
    });
}

function progressText({ status, listed, missing, recovered, redelivered }: ReconcileItem): string {
  if (status === "waiting") return "waiting for the consumer to start";
  const redelivery = redelivered > 0 ? `, ${redelivered} requested again` : "";
  return `${listed} listed, ${missing} missing, ${recovered} fetched${redelivery}`;
}

const fieldsOf = (item: ReconcileItem): Field[] => [
  ["search", item.id],
  ["status", item.dry_run ? `${item.status}, dry run` : item.status],
  ["since", item.since === null ? null : utcText(item.since)],
  ["listed", item.listed],
  ["missing", item.missing],
  ["fetched", item.dry_run ? null : item.recovered],
  ["requested again", item.redelivered > 0 ? item.redelivered : null],
];
