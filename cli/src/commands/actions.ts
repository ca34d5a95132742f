/** `gateway actions`: who asked for what. */
import { ACTION_NAMES, ACTION_OUTCOMES, type ActionItem } from "@webhook-gateway/shared/api/action.ts";
import type { Command } from "commander";
import { addPageOptions, addTimeOptions, oneOf, text } from "../input/option.ts";
import type { Column } from "../output/table.ts";
import { ageText } from "../output/time-text.ts";
import { listAction } from "./list.ts";

const EXAMPLES = `
Examples:
  gateway actions list --since 2d
  gateway actions list --actor operator:alice
  gateway actions list --outcome refused --output json

An actor is operator:<name> or reader:<name>, by the name of the token, or
github:<login>, for comments and Re-run on GitHub.`;

export function addActions(program: Command): void {
  const actions = program
    .command("actions")
    .description("show who asked for what")
    .addHelpText("after", EXAMPLES);
  const list = actions
    .command("list")
    .description("list what people asked for, newest first")
    .option("--actor <actor>", "of one actor, such as operator:alice", text)
    .option("--action <action>", `one of ${ACTION_NAMES.join(", ")}`, oneOf(...ACTION_NAMES))
    .option("--outcome <outcome>", `one of ${ACTION_OUTCOMES.join(", ")}`, oneOf(...ACTION_OUTCOMES));
  addPageOptions(addTimeOptions(list))
    .addHelpText("after", EXAMPLES)
    .action(listAction((api, query) => api.actions(query), actionColumns, "no action matches"));
}

const actionColumns = (now: Date): Column<ActionItem>[] => [
  { head: "ASKED", cell: ({ at }) => ageText(at, now), rank: 4, min: 8 },
  { head: "ACTOR", cell: ({ actor }) => actor, rank: 1, min: 16 },
  { head: "ACTION", cell: ({ action }) => action, rank: 2 },
  {
    head: "OUTCOME",
    cell: ({ outcome }) => outcome,
    rank: 3,
    style: ({ outcome }) => (outcome === "refused" ? "yellow" : undefined),
  },
  { head: "REASON", cell: ({ reason }) => reason, rank: 6, min: 12 },
  { head: "TARGET", cell: ({ target }) => target, rank: 5, min: 16 },
];
