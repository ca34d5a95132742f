/** The tools that change something. The gateway refuses them to a reader's token, and records who asked. */
import { deadLetterScope } from "@webhook-gateway/shared/api/dead-letter.ts";
import { MAX_RATE } from "@webhook-gateway/shared/api/replay.ts";
import * as v from "valibot";
import type { DeadLetterAction, DeadLetterRequest, OperatorApi } from "../../src/api/operator-api.ts";
import { id, moments, text } from "./arguments.ts";
import { type AddTool, defineTool } from "./tool.ts";

const acts = { readOnlyHint: false, openWorldHint: true };
const annotations = { ...acts, destructiveHint: false };
const destructive = { ...acts, destructiveHint: true };

const reason = v.optional(text("why, for the record"));
const dryRun = v.optional(v.pipe(v.boolean(), v.description("only count what it would do")), false);

const deadLetters = {
  scope: v.pipe(deadLetterScope, v.description("exactly one of ids, filter and all")),
  dry_run: dryRun,
  reason,
};
const rate = v.pipe(
  v.number(),
  v.integer(),
  v.minValue(1),
  v.maxValue(MAX_RATE),
  v.description("how many a minute"),
);

export const actionTools = (api: OperatorApi): readonly AddTool[] => [
  defineTool({
    name: "cancel",
    title: "Cancel a validation",
    description: "Cancels a validation that has not ended, at Grainchain too.",
    annotations: destructive,
    input: v.strictObject({ id }),
    run: (given) => api.commandValidation(given.id, "cancel"),
  }),
  defineTool({
    name: "rerun",
    title: "Re-run a validation",
    description: "Runs the head of a validation again, if it is still the newest.",
    annotations,
    input: v.strictObject({ id }),
    run: (given) => api.commandValidation(given.id, "rerun"),
  }),
  defineTool({
    name: "approve",
    title: "Approve a held validation",
    description: "Lets a stranger's change from a fork run. A person has to have looked at the change first.",
    annotations: destructive,
    input: v.strictObject({ id, reason }),
    run: (given) =>
      api.commandValidation(given.id, "approve", given.reason === undefined ? {} : { reason: given.reason }),
  }),
  defineTool({
    name: "replay",
    title: "Replay dead letters",
    description: "Tries open dead letters again, behind live work. Ask with dry_run first.",
    annotations,
    input: v.strictObject({ ...deadLetters, rate: v.optional(rate) }),
    run: (given) => actOnDeadLetters(api, "replay", given),
  }),
  defineTool({
    name: "discard",
    title: "Discard dead letters",
    description: "Closes open dead letters without trying them again. Ask with dry_run first.",
    annotations: destructive,
    input: v.strictObject(deadLetters),
    run: (given) => actOnDeadLetters(api, "discard", given),
  }),
  defineTool({
    name: "reconcile",
    title: "Look for missing deliveries",
    description: "Starts a search for deliveries that GitHub sent but that never arrived, and fetches them.",
    annotations,
    input: v.strictObject({
      since: v.optional(text("how far back: 6h, or a date and time")),
      dry_run: dryRun,
    }),
    run: ({ since, dry_run }) => api.startReconcile({ dry_run, ...moments({ since }) }),
  }),
];

const actOnDeadLetters = (
  api: OperatorApi,
  action: DeadLetterAction,
  { dry_run, ...request }: DeadLetterRequest & { readonly dry_run: boolean },
) => (dry_run ? api.previewDeadLetters(action, request) : api.actOnDeadLetters(action, request));
