/** `gateway validations`: the runs, and orders to them. */
import { VALIDATION_STATES } from "@webhook-gateway/shared/domain/validation.ts";
import type { Command } from "commander";
import { openSession } from "../api/session.ts";
import {
  addPageOptions,
  addTimeOptions,
  integerUpTo,
  listQuery,
  oneOf,
  type PageOptions,
  repository,
  shaPrefix,
  someOf,
  text,
} from "../input/option.ts";
import { printPage } from "../output/page.ts";
import { printJson, resultScreen, say } from "../output/terminal.ts";
import { validationColumns } from "../view/validation.ts";
import { validationDetailLines } from "../view/validation-detail.ts";

const EXAMPLES = `
Examples:
  gateway validations list --state queued,running
  gateway validations show 186853002-pr-12-6dcb09b5b57875f334f61aebed695e2e4193db5e-1`;

const LIST_EXAMPLES = `
Examples:
  gateway validations list --state queued,dispatching,pending,running
  gateway validations list --repo acme/widgets --pr 12
  gateway validations list --state dead,timed_out --since 6h --output json`;

const SHOW_EXAMPLES = `
Example:
  gateway validations show 186853002-pr-12-6dcb09b5b57875f334f61aebed695e2e4193db5e-1

Its id is in the last column of: gateway validations list`;

const ORDER_EXAMPLES = {
  rerun: `
Example:
  gateway validations rerun 186853002-pr-12-6dcb09b5b57875f334f61aebed695e2e4193db5e-1

The head is run again where it is still the newest of its pull request or branch.`,
  cancel: `
Example:
  gateway validations cancel 186853002-pr-12-6dcb09b5b57875f334f61aebed695e2e4193db5e-1

One that waits is taken out of the line; one that runs is stopped at Grainchain.`,
};

const MAX_NUMBER = 9_999_999_999;

/** Adds the command. */
export function addValidations(program: Command): void {
  const validations = program.command("validations").description("the runs").addHelpText("after", EXAMPLES);
  addList(validations);
  validations
    .command("show")
    .description("show one with its timeline, its report and what its steps printed")
    .argument("<id>", "the validation's id", text)
    .addHelpText("after", SHOW_EXAMPLES)
    .action(async (id: string, _: object, command: Command) => {
      const { api, json } = await openSession(command);
      const validation = await api.validation(id);
      if (json) return printJson(validation);
      const screen = resultScreen();
      screen.print(validationDetailLines(validation, screen));
    });
  addOrder(validations, "rerun", "run a head again");
  addOrder(validations, "cancel", "stop one");
}

function addList(validations: Command): void {
  const list = validations
    .command("list")
    .description("list validations, the latest first")
    .option("--repo <owner/repo>", "of one repository", repository)
    .option("--pr <number>", "of one pull request", integerUpTo(MAX_NUMBER))
    .option("--sha <sha>", "of one head, 7 digits at least", shaPrefix)
    .option(
      "--event <event>",
      "pull_request, merge_group or push",
      oneOf("pull_request", "merge_group", "push"),
    )
    .option("--state <states>", "in these states, separated by commas", someOf(...VALIDATION_STATES));
  addPageOptions(addTimeOptions(list))
    .addHelpText("after", LIST_EXAMPLES)
    .action(async (options: PageOptions, command: Command) => {
      const query = listQuery(options);
      const session = await openSession(command);
      const page = await session.api.validations(query);
      printPage(session, page, validationColumns(new Date()), "no validation matches");
    });
}

function addOrder(validations: Command, order: "rerun" | "cancel", description: string): void {
  validations
    .command(order)
    .description(description)
    .argument("<id>", "the validation's id", text)
    .addHelpText("after", ORDER_EXAMPLES[order])
    .action(async (id: string, _: object, command: Command) => {
      const { api, json } = await openSession(command);
      const answer = await api.orderValidation(id, order);
      if (json) printJson(answer);
      else say(answer.message);
    });
}
