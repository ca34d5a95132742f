/** `gateway dlq`: work that failed for good, and what to do about it. */
import {
  DEAD_LETTER_KINDS,
  DEAD_LETTER_STATES,
  type DeadLetterDetail,
} from "@webhook-gateway/shared/api/dead-letter.ts";
import type { Command } from "commander";
import type { DeadLetterAction } from "../../api/operator-api.ts";
import { openSession } from "../../api/session.ts";
import { EXIT, GatewayError } from "../../exit.ts";
import {
  addPageOptions,
  addTimeOptions,
  oneOf,
  repository,
  type TimeOptions,
  text,
} from "../../input/option.ts";
import { readScope } from "../../input/scope.ts";
import { escapeJson } from "../../output/plain-text.ts";
import { fieldLines } from "../../output/table.ts";
import { printResult } from "../../output/terminal.ts";
import { deadLetterColumns, deadLetterFields } from "../../view/dead-letter.ts";
import { listAction } from "../list.ts";
import { runBulk } from "../replays/bulk-action.ts";
import {
  addBulkOptions,
  addRateOption,
  type BulkCommandOptions,
  requestOf,
} from "../replays/bulk-options.ts";
import { deadLetterBulk } from "./dead-letter-action.ts";
import { DISCARD_EXAMPLES, EXAMPLES, LIST_EXAMPLES, REPLAY_EXAMPLES, SHOW_EXAMPLES } from "./dlq-examples.ts";

interface ActionOptions extends BulkCommandOptions, TimeOptions {
  readonly repo?: string;
  readonly event?: string;
  readonly kind?: (typeof DEAD_LETTER_KINDS)[number];
  readonly class?: string;
}

const FILTERS = ["repo", "kind", "class", "event", "since", "until"] as const;

export function addDlq(program: Command): void {
  const dlq = program
    .command("dlq")
    .description("show, replay and discard dead letters: work that failed for good")
    .addHelpText("after", EXAMPLES);
  addList(dlq);
  addShow(dlq);
  const replay = dlq.command("replay").description("try dead letters again, behind live work");
  addRateOption(addAction(replay, "replay")).addHelpText("after", REPLAY_EXAMPLES);
  const discard = dlq.command("discard").description("close dead letters without trying them again");
  addAction(discard, "discard").addHelpText("after", DISCARD_EXAMPLES);
}

function addList(dlq: Command): void {
  const list = addFilters(dlq.command("list").description("list dead letters, newest first")).option(
    "--state <state>",
    `${DEAD_LETTER_STATES.join(", ")} or any (default: open)`,
    oneOf(...DEAD_LETTER_STATES, "any"),
  );
  addPageOptions(list)
    .addHelpText("after", LIST_EXAMPLES)
    .action(listAction((api, query) => api.deadLetters(query), deadLetterColumns, "no dead letter matches"));
}

function addShow(dlq: Command): void {
  dlq
    .command("show")
    .description("show one dead letter")
    .argument("<id>", "the dead letter's id", text)
    .option("--raw", "print only the fact that it holds, unchanged")
    .addHelpText("after", SHOW_EXAMPLES)
    .action(async (id: string, { raw }: { raw?: boolean }, command: Command) => {
      const { api, json } = await openSession(command);
      const deadLetter = await api.deadLetter(id);
      if (raw === true) printRaw(deadLetter);
      else
        printResult(json, deadLetter, (shown, screen) =>
          fieldLines(deadLetterFields(shown, new Date()), screen),
        );
    });
}

/** Byte by byte into a pipe; escaped on a terminal, which would obey control characters. */
function printRaw({ kind, body }: DeadLetterDetail): void {
  if (body === null)
    throw new GatewayError(`a dead letter of the kind ${kind} holds no fact`, EXIT.nothingMatched);
  process.stdout.write(`${process.stdout.isTTY ? escapeJson(body) : body}\n`);
}

const addAction = (command: Command, action: DeadLetterAction): Command =>
  addBulkOptions(addFilters(command).argument("[ids...]", "the dead letters' ids"), "all open ones").action(
    async (ids: string[], options: ActionOptions, self: Command) => {
      const request = requestOf(readScope("dead letters", ids, options, FILTERS), options);
      const session = await openSession(self);
      await runBulk(session, deadLetterBulk(session, action, request), options);
    },
  );

const addFilters = (command: Command): Command =>
  addTimeOptions(
    command
      .option("--repo <owner/repo>", "of one repository", repository)
      .option("--event <event>", "of one event, such as pull_request", text)
      .option("--kind <kind>", DEAD_LETTER_KINDS.join(", "), oneOf(...DEAD_LETTER_KINDS))
      .option("--class <class>", "of one class of failure, such as permanent", text),
  );
