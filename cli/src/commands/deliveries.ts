/** `gateway deliveries`: what GitHub sent, and the outcome. */
import type { DeliveryItem } from "@webhook-gateway/shared/api/delivery.ts";
import type { Command } from "commander";
import { addPageOptions, addTimeOptions, repository, text } from "../input/option.ts";
import type { Column } from "../output/table.ts";
import { ageText } from "../output/time-text.ts";
import { eventText } from "../view/event.ts";
import { listAction } from "./list.ts";

const EXAMPLES = `
Examples:
  gateway deliveries list --repo acme/widgets --since 1h
  gateway deliveries list --event push --state ignored
  gateway deliveries list --since 2d --limit 200 --output json

Deliveries that routing rules out are not recorded; "ignored" is a recorded one
that started nothing.
To trace one delivery: gateway trace <GUID>`;

export function addDeliveries(program: Command): void {
  const deliveries = program
    .command("deliveries")
    .description("show what GitHub sent")
    .addHelpText("after", EXAMPLES);
  const list = deliveries
    .command("list")
    .description("list recorded deliveries, newest first")
    .option("--repo <owner/repo>", "of one repository", repository)
    .option("--event <event>", "of one event, such as pull_request", text)
    .option("--state <outcome>", "with one outcome, such as started, stale or cancelled", text);
  addPageOptions(addTimeOptions(list))
    .addHelpText("after", EXAMPLES)
    .action(
      listAction((api, query) => api.deliveries(query), deliveryColumns, "no recorded delivery matches"),
    );
}

const deliveryColumns = (now: Date): Column<DeliveryItem>[] => [
  { head: "RECEIVED", cell: ({ received_at }) => ageText(received_at, now), rank: 4, min: 8 },
  { head: "EVENT", cell: eventText, rank: 3, min: 12 },
  { head: "REPOSITORY", cell: ({ repository }) => repository, rank: 5, min: 12 },
  { head: "OUTCOME", cell: ({ outcome }) => outcome, rank: 2 },
  { head: "REASON", cell: ({ reason }) => reason, rank: 6, min: 16 },
  { head: "ID", cell: ({ id }) => id, rank: 1, whole: true },
];
