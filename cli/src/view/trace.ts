/** A trace, as it is printed: a block for each validation, then what belongs to none. */
import type { DeadLetterItem } from "@webhook-gateway/shared/api/dead-letter.ts";
import type { DeliveryItem } from "@webhook-gateway/shared/api/delivery.ts";
import type { Trace, TraceStep } from "@webhook-gateway/shared/api/trace.ts";
import { durationText } from "@webhook-gateway/shared/text/duration.ts";
import { plainText } from "../output/plain-text.ts";
import { type Column, tableLines } from "../output/table.ts";
import type { Screen } from "../output/terminal.ts";
import { momentText } from "../output/time-text.ts";
import { deadLetterColumns } from "./dead-letter.ts";
import { eventText } from "./event.ts";
import { shortSha, statusStyle, statusText, subjectText } from "./validation.ts";

export function traceLines(trace: Trace, screen: Screen): string[] {
  const { validations, deliveries, dead_letters, renamed } = trace;
  const blocks = [
    renamed.map(({ from, to }) => plainText(`${from} is now ${to}`)),
    ...validations.map((one) => [
      headerLine(one.validation, screen),
      screen.style("dim", plainText(one.validation.id)),
      ...tableLines(one.steps, STEPS, screen),
      ...deadLetterBlock("dead letters of this run", one.dead_letters, screen),
    ]),
    deliveryBlock(deliveries, screen),
    deadLetterBlock("dead letters of deliveries", dead_letters, screen),
  ];
  return blocks
    .filter((block) => block.length > 0)
    .flatMap((block, index) => (index === 0 ? block : ["", ...block]));
}

type Validation = Trace["validations"][number]["validation"];

function headerLine(validation: Validation, screen: Screen): string {
  const { repository, head_sha, run } = validation;
  const name = plainText(`${repository} ${subjectText(validation)}  ${shortSha(head_sha)}  run ${run}`);
  const status = plainText(statusText(validation));
  const style = statusStyle(validation);
  return `${screen.style("bold", name)}  ${style === undefined ? status : screen.style(style, status)}`;
}

const STEPS: readonly Column<TraceStep>[] = [
  { head: "TIME (UTC)", cell: ({ at }) => momentText(at), rank: 3, min: 18 },
  { head: "AFTER", cell: ({ gap_ms }) => (gap_ms === null ? "" : `+${durationText(gap_ms)}`), rank: 4 },
  { head: "STEP", cell: ({ step }) => step, rank: 2, min: 12 },
  { head: "DETAIL", cell: ({ detail }) => detail, rank: 1, min: 24, wrap: true },
];

function deliveryBlock(deliveries: readonly DeliveryItem[], screen: Screen): string[] {
  if (deliveries.length === 0) return [];
  return [screen.style("bold", "deliveries"), ...tableLines(deliveries, DELIVERIES, screen)];
}

const DELIVERIES: readonly Column<DeliveryItem>[] = [
  { head: "RECEIVED (UTC)", cell: ({ received_at }) => momentText(received_at), rank: 4, min: 18 },
  { head: "EVENT", cell: eventText, rank: 3, min: 12 },
  { head: "OUTCOME", cell: ({ outcome }) => outcome, rank: 1 },
  { head: "REASON", cell: ({ reason }) => reason, rank: 5, min: 16 },
  { head: "ID", cell: ({ id }) => id, rank: 2, whole: true },
];

const deadLetterBlock = (title: string, deadLetters: readonly DeadLetterItem[], screen: Screen): string[] =>
  deadLetters.length === 0
    ? []
    : [screen.style("bold", title), ...tableLines(deadLetters, deadLetterColumns(new Date()), screen)];
