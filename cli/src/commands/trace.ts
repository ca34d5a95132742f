/** `gateway trace`: where something is, how it got there, and what it waits for. */
import type { Command } from "commander";
import { openSession } from "../api/session.ts";
import { text } from "../input/option.ts";
import { printResult } from "../output/terminal.ts";
import { traceLines } from "../view/trace.ts";

const EXAMPLES = `
Examples:
  gateway trace https://github.com/acme/widgets/pull/12
  gateway trace acme/widgets#12
  gateway trace 6dcb09b
  gateway trace 72d3162e-cc78-11e3-81ab-4c9367dc0958
  gateway trace 186853002-pr-12-6dcb09b5b57875f334f61aebed695e2e4193db5e-1 --output json`;

export function addTrace(program: Command): void {
  program
    .command("trace")
    .description("trace a delivery, a validation, a pull request or a commit")
    .argument(
      "<what>",
      "a delivery's GUID, a validation's id, a pull request's URL, owner/repo#12 or a SHA",
      text,
    )
    .addHelpText("after", EXAMPLES)
    .action(async (what: string, _: object, command: Command) => {
      const { api, json } = await openSession(command);
      printResult(json, await api.trace(what), traceLines);
    });
}
