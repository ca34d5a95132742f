/** The options of commands about many rows. */
import { DEFAULT_RATE, MAX_RATE } from "@webhook-gateway/shared/api/replay.ts";
import type { Command } from "commander";
import { integerUpTo, textUpTo } from "../../input/option.ts";
import type { BulkOptions } from "./bulk-action.ts";

export interface BulkCommandOptions extends BulkOptions {
  readonly all?: boolean;
  readonly rate?: number;
  readonly reason?: string;
}

const MAX_REASON = 500;

/** Adds what all of them take. @param all what `--all` selects */
export const addBulkOptions = (command: Command, all: string): Command =>
  command
    .option("--all", all)
    .option("--dry-run", "only show how many match, and the first of them")
    .option("--reason <text>", "why, for the record", textUpTo(MAX_REASON))
    .option("--yes", "skip the confirmation, which one id does not need")
    .option("--detach", "print the id instead of waiting for the end");

export const addRateOption = (command: Command): Command =>
  command.option(
    "--rate <n>",
    `how many a minute, at most ${MAX_RATE} (default: ${DEFAULT_RATE})`,
    integerUpTo(MAX_RATE),
  );

/** The body of the request. */
export const requestOf = <Scope>(scope: Scope, { reason, rate }: BulkCommandOptions) => ({
  scope,
  ...(reason && { reason }),
  ...(rate && { rate }),
});
