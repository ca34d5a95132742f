/** `gateway dlq`: what could not be carried out, and what to do about it. */
import {
  DEAD_LETTER_KINDS,
  DEAD_LETTER_STATES,
  type DeadLetterDetail,
} from "@webhook-gateway/shared/api/dead-letter.ts";
import { DEFAULT_RATE, MAX_RATE } from "@webhook-gateway/shared/api/replay.ts";
import type { Command } from "commander";
import { openSession } from "../api/session.ts";
import { EXIT, GatewayError } from "../exit.ts";
import { deadLetterScope, type ScopeOptions } from "../input/dead-letter-scope.ts";
import {
  addPageOptions,
  addTimeOptions,
  integerUpTo,
  listQuery,
  oneOf,
  type PageOptions,
  repository,
  text,
  textUpTo,
} from "../input/option.ts";
import { printPage } from "../output/page.ts";
import { escapeJson } from "../output/plain-text.ts";
import { fieldLines } from "../output/table.ts";
import { printJson, resultScreen } from "../output/terminal.ts";
import { letterColumns, letterFields } from "../view/dead-letter.ts";
import { type LetterOrder, orderLetters } from "./dead-letter-action.ts";
import { DISCARD_EXAMPLES, EXAMPLES, LIST_EXAMPLES, REPLAY_EXAMPLES, SHOW_EXAMPLES } from "./dlq-examples.ts";

interface OrderOptions extends ScopeOptions {
  readonly dryRun?: boolean;
  readonly rate?: number;
  readonly reason?: string;
  readonly yes?: boolean;
}

const MAX_REASON = 500;

/** Adds the command. */
export function addDlq(program: Command): void {
  const dlq = program
    .command("dlq")
    .description("dead letters: what could not be carried out")
    .addHelpText("after", EXAMPLES);
  addList(dlq);
  addShow(dlq);
  const replay = dlq.command("replay").description("try dead letters again, behind live work");
  addOrder(replay, "replay")
    .option(
      "--rate <n>",
      `how many a minute, ${MAX_RATE} at most (default: ${DEFAULT_RATE})`,
      integerUpTo(MAX_RATE),
    )
    .addHelpText("after", REPLAY_EXAMPLES);
  const discard = dlq.command("discard").description("close dead letters without trying them again");
  addOrder(discard, "discard").addHelpText("after", DISCARD_EXAMPLES);
}

function addList(dlq: Command): void {
  const list = addFilters(dlq.command("list").description("list dead letters, the latest first")).option(
    "--state <state>",
    `${DEAD_LETTER_STATES.join(", ")} or any (default: open)`,
    oneOf(...DEAD_LETTER_STATES, "any"),
  );
  addPageOptions(list)
    .addHelpText("after", LIST_EXAMPLES)
    .action(async (options: PageOptions, command: Command) => {
      const query = listQuery(options);
      const session = await openSession(command);
      const page = await session.api.letters(query);
      printPage(session, page, letterColumns(new Date()), "no dead letter matches");
    });
}

function addShow(dlq: Command): void {
  dlq
    .command("show")
    .description("show one dead letter")
    .argument("<id>", "the letter's id", text)
    .option("--raw", "print the fact that it holds, as it is")
    .addHelpText("after", SHOW_EXAMPLES)
    .action(async (id: string, { raw }: { raw?: boolean }, command: Command) => {
      const { api, json } = await openSession(command);
      const letter = await api.letter(id);
      if (raw === true) return printRaw(letter);
      if (json) return printJson(letter);
      const screen = resultScreen();
      screen.print(fieldLines(letterFields(letter, new Date()), screen));
    });
}

/** Byte by byte where it is piped on; a terminal is spared what it would obey. */
function printRaw({ kind, body }: DeadLetterDetail): void {
  if (body === null) throw new GatewayError(`a ${kind} letter holds no fact`, EXIT.nothingMatched);
  process.stdout.write(`${process.stdout.isTTY ? escapeJson(body) : body}\n`);
}

function addOrder(command: Command, action: LetterOrder["action"]): Command {
  return addFilters(command)
    .argument("[ids...]", "the letters' ids")
    .option("--all", "all that are open")
    .option("--dry-run", "only show how many there are, and the first of them")
    .option("--reason <text>", "why, for the record", textUpTo(MAX_REASON))
    .option("--yes", "do not ask")
    .action(async (ids: string[], options: OrderOptions, self: Command) => {
      const { reason, rate, dryRun = false, yes = false } = options;
      const scope = deadLetterScope(ids, options);
      const request = { scope, ...(reason && { reason }), ...(rate && { rate }) };
      await orderLetters(await openSession(self), { action, request, dryRun, yes });
    });
}

const addFilters = (command: Command): Command =>
  addTimeOptions(
    command
      .option("--repo <owner/repo>", "of one repository", repository)
      .option("--event <event>", "of one event, such as pull_request", text)
      .option("--kind <kind>", DEAD_LETTER_KINDS.join(", "), oneOf(...DEAD_LETTER_KINDS))
      .option("--class <class>", "of one class of failure, such as permanent", text),
  );
