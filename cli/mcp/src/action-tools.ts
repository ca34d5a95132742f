/** The tools that change something. The gateway refuses them to a reader's token, and records who asked. */
import { deadLetterScope } from "@webhook-gateway/shared/api/dead-letter.ts";
import { pauseRequest, resumeRequest } from "@webhook-gateway/shared/api/pause.ts";
import { MAX_RATE } from "@webhook-gateway/shared/api/replay.ts";
import * as v from "valibot";
import type { DeadLetterAction, DeadLetterRequest, OperatorApi } from "../../src/api/operator-api.ts";
import { follow } from "../../src/commands/searches/follow.ts";
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
    name: "pause",
    title: "Pause dispatch",
    description:
      "Holds what is not running yet, of a repository or of all. Recording and reporting go on. Nothing runs until someone resumes it or the time is up.",
    annotations: destructive,
    input: pauseRequest,
    run: (given) => api.pause(given),
  }),
  defineTool({
    name: "resume",
    title: "Resume dispatch",
    description: "Ends a pause: of a repository, or without one that of all.",
    annotations,
    input: resumeRequest,
    run: (given) => api.resume(given),
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
    description: "Looks for deliveries that GitHub sent but that never arrived, and fetches them.",
    annotations,
    input: v.strictObject({
      since: v.optional(text("how far back: 6h, or a date and time")),
      dry_run: dryRun,
    }),
    run: async ({ since, dry_run }) =>
      settled(await api.startReconcile({ dry_run, ...moments({ since }) }), api.reconcile),
  }),
  defineTool({
    name: "audit",
    title: "Audit open pull requests",
    description:
      "Compares the open pull requests on GitHub with what is recorded, and records what is missing.",
    annotations,
    input: v.strictObject({ repos: v.optional(v.array(text("owner/repo"))), dry_run: dryRun }),
    run: async ({ repos, dry_run }) =>
      settled(await api.startAudit({ dry_run, ...(repos && { repositories: repos }) }), api.audit),
  }),
];

/** For how long an answer waits for the end of what it started; then it says how far that is. */
const WAIT_MS = 20_000;
const POLL_MS = 250;
const SILENT = { start: () => undefined, update: () => undefined, stop: () => undefined };

interface Work {
  readonly id: string;
  readonly status: string;
}

async function settled<Item extends Work>(
  first: Item,
  load: (id: string, signal: AbortSignal) => Promise<Item>,
): Promise<Item> {
  const work = {
    load: (signal: AbortSignal) => load(first.id, signal),
    isDone: ({ status }: Item) => status !== "waiting" && status !== "running",
    progress: SILENT,
    signal: AbortSignal.timeout(WAIT_MS),
  };
  const { item } = await follow(first, work, { pollMs: POLL_MS, patienceMs: WAIT_MS });
  return item;
}

async function actOnDeadLetters(
  api: OperatorApi,
  action: DeadLetterAction,
  { dry_run, ...request }: DeadLetterRequest & { readonly dry_run: boolean },
) {
  if (dry_run) return api.previewDeadLetters(action, request);
  return settled(await api.actOnDeadLetters(action, request), api.replay);
}
