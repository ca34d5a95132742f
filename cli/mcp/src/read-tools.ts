/** The tools that only read. */
import { DEAD_LETTER_KINDS, DEAD_LETTER_STATES } from "@webhook-gateway/shared/api/dead-letter.ts";
import { VALIDATION_STATES } from "@webhook-gateway/shared/domain/validation.ts";
import * as v from "valibot";
import type { OperatorApi } from "../../src/api/operator-api.ts";
import { listArguments, text, toQuery } from "./arguments.ts";
import { type AddTool, defineTool } from "./tool.ts";
import { explain } from "./why.ts";

const annotations = { readOnlyHint: true, openWorldHint: false };

const what = text("a delivery's GUID, a validation's id, a pull request's URL, owner/repo#12 or a SHA");

export const readTools = (api: OperatorApi): readonly AddTool[] => [
  defineTool({
    name: "status",
    title: "Gateway status",
    description:
      "What waits and why, closed gates, open dead letters, reports and deliveries; with repo, the status of one repository.",
    annotations,
    input: v.strictObject({ repo: v.optional(text("owner/repo")) }),
    run: ({ repo }) => (repo === undefined ? api.status() : api.projectStatus(repo)),
  }),
  defineTool({
    name: "trace",
    title: "Trace",
    description:
      "Every step of a delivery, a validation, a pull request or a commit, with times; the last step says what it waits for.",
    annotations,
    input: v.strictObject({ what }),
    run: (given) => api.trace(given.what),
  }),
  defineTool({
    name: "why",
    title: "Why",
    description:
      "Why the newest validation of something is in its state: the verdict, what it waits for, the failed steps with the end of their output, its report, and what to do next.",
    annotations,
    input: v.strictObject({ what }),
    run: (given) => explain(api, given.what),
  }),
  defineTool({
    name: "list_validations",
    title: "List validations",
    description: "Validations, newest first.",
    annotations,
    input: v.strictObject({
      ...listArguments,
      pr: v.optional(
        v.pipe(v.number(), v.integer(), v.minValue(1), v.description("a pull request's number")),
      ),
      sha: v.optional(text("of a head SHA: its first 7 digits or more")),
      event: v.optional(v.picklist(["pull_request", "merge_group", "push"])),
      state: v.optional(text(`in these states, separated by commas: ${VALIDATION_STATES.join(", ")}`)),
    }),
    run: (given) => api.validations(toQuery(given)),
  }),
  defineTool({
    name: "list_deliveries",
    title: "List deliveries",
    description: "What GitHub sent and the outcome, newest first. Ignored kinds of events are not recorded.",
    annotations,
    input: v.strictObject({
      ...listArguments,
      event: v.optional(text("such as pull_request")),
      state: v.optional(text("the outcome, such as started, ignored or stale")),
    }),
    run: (given) => api.deliveries(toQuery(given)),
  }),
  defineTool({
    name: "list_dead_letters",
    title: "List dead letters",
    description: "Work that failed for good, newest first; those that are open unless state says otherwise.",
    annotations,
    input: v.strictObject({
      ...listArguments,
      event: v.optional(text("such as pull_request")),
      kind: v.optional(v.picklist(DEAD_LETTER_KINDS)),
      class: v.optional(text("the class of the failure, such as permanent")),
      state: v.optional(v.picklist([...DEAD_LETTER_STATES, "any"])),
    }),
    run: (given) => api.deadLetters(toQuery(given)),
  }),
];
