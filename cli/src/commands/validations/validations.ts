/** `gateway validations`: shows runs, starts them again, and cancels them. */
import type { Command } from "commander";
import { openSession } from "../../api/session.ts";
import { addPageOptions, shaPrefix, text } from "../../input/option.ts";
import { printJson, printMessage, printResult } from "../../output/terminal.ts";
import { validationColumns } from "../../view/validation.ts";
import { validationDetailLines } from "../../view/validation-detail.ts";
import { listAction } from "../list.ts";
import { addBulkCommand } from "./bulk-command.ts";
import { addValidationFilters } from "./validation-filters.ts";

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

The id is in the last column of: gateway validations list`;

export function addValidations(program: Command): void {
  const validations = program
    .command("validations")
    .description("show, re-run, cancel and approve validations")
    .addHelpText("after", EXAMPLES);
  addList(validations);
  validations
    .command("show")
    .description("show one with its timeline, its report and the output of its steps")
    .argument("<id>", "the validation's id", text)
    .addHelpText("after", SHOW_EXAMPLES)
    .action(async (id: string, _: object, command: Command) => {
      const { api, json } = await openSession(command);
      printResult(json, await api.validation(id), validationDetailLines);
    });
  addBulkCommand(validations, "rerun", "run heads again");
  addBulkCommand(validations, "cancel", "cancel what has not ended");
  addApprove(validations);
}

function addList(validations: Command): void {
  const list = addValidationFilters(
    validations.command("list").description("list validations, newest first"),
  ).option("--sha <sha>", "of one head SHA: its first 7 digits or more", shaPrefix);
  addPageOptions(list)
    .addHelpText("after", LIST_EXAMPLES)
    .action(listAction((api, query) => api.validations(query), validationColumns, "no validation matches"));
}

const APPROVE_EXAMPLES = `
Example:
  gateway validations approve 186853002-pr-12-6dcb09b5b57875f334f61aebed695e2e4193db5e-1 --reason "reviewed"

Those that wait for an approval: gateway validations list --state held`;

function addApprove(validations: Command): void {
  validations
    .command("approve")
    .description("run a change from a fork that waits for an approval")
    .argument("<id>", "the validation's id", text)
    .option("--reason <text>", "why, for its timeline", text)
    .addHelpText("after", APPROVE_EXAMPLES)
    .action(async (id: string, { reason }: { readonly reason?: string }, command: Command) => {
      const { api, json } = await openSession(command);
      const answer = await api.commandValidation(id, "approve", reason === undefined ? {} : { reason });
      if (json) printJson(answer);
      else printMessage(answer.message);
    });
}
