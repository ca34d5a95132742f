/** All commands. Only operators get here, through a form of the dashboard itself. */
import { deadLetterFilter, deadLetterScope } from "@webhook-gateway/shared/api/dead-letter.ts";
import { discardRequest, replayRequest } from "@webhook-gateway/shared/api/replay.ts";
import type { Hono } from "hono";
import * as v from "valibot";
import type { ApiError } from "../http/api-error.ts";
import type { CommandAnswer } from "../operator-api/validation-command.ts";
import type { DashboardContext, DashboardDeps, DashboardEnv } from "./context.ts";
import type { Refused } from "./data.ts";
import { ConfirmPage, type DeadLetterAction } from "./pages/confirm.tsx";
import { paths } from "./parts/link.ts";
import { readForm } from "./query.ts";
import { goTo, refuse, show } from "./respond.tsx";

const ids = v.pipe(
  v.optional(v.union([v.string(), v.array(v.string())]), []),
  v.transform((given) => [given].flat()),
);

/** The list's form: which dead letters, those that are selected or all that match the filters. */
const question = v.object({
  do: v.picklist(["replay-selected", "discard-selected", "replay-matching", "discard-matching"]),
  id: ids,
  filter: v.optional(v.pipe(v.string(), v.parseJson(), deadLetterFilter), "{}"),
});

const scope = v.pipe(v.string(), v.parseJson(), deadLetterScope);
const reason = v.optional(
  v.pipe(
    v.string(),
    v.trim(),
    v.transform((text) => (text === "" ? undefined : text)),
  ),
);
const replayForm = v.pipe(
  v.object({ scope, reason, rate: v.pipe(v.string(), v.transform(Number)) }),
  v.transform(withoutEmpty),
  replayRequest,
);
const discardForm = v.pipe(v.object({ scope, reason }), v.transform(withoutEmpty), discardRequest);

export function addActions(app: Hono<DashboardEnv>, deps: DashboardDeps): void {
  const { data } = deps;
  app.post("/dead-letters/confirm", (context) => askToConfirm(context, deps));
  // Opened from the address bar, these pages do not know which dead letters they are about.
  app.get("/dead-letters/:command{confirm|replay|discard}", (context) =>
    context.redirect(paths.deadLetters(), 303),
  );
  app.post("/dead-letters/replay", async (context) => {
    const read = readForm(replayForm, await fieldsOf(context));
    if ("error" in read) return refuse(context, read.error);
    return afterDeadLetterCommand(context, "replay", await data.replay(read.query, context.var.view.actor));
  });
  app.post("/dead-letters/discard", async (context) => {
    const read = readForm(discardForm, await fieldsOf(context));
    if ("error" in read) return refuse(context, read.error);
    return afterDeadLetterCommand(context, "discard", await data.discard(read.query, context.var.view.actor));
  });
  app.post("/replays/:id/cancel", async (context) => {
    const replay = await data.cancelReplay(context.req.param("id"), context.var.view.actor);
    if (replay === undefined)
      return refuse(context, { code: "not_found", message: "No replay has this id." });
    return goTo(context, paths.replays(), "stopped");
  });
  app.post("/validations/:id/cancel", async (context) => {
    const id = context.req.param("id");
    return afterValidationCommand(context, id, "cancel", await data.cancel(id, context.var.view.actor));
  });
  app.post("/validations/:id/approve", async (context) => {
    const id = context.req.param("id");
    return afterValidationCommand(context, id, "approve", await data.approve(id, context.var.view.actor));
  });
  app.post("/validations/:id/rerun", async (context) => {
    const id = context.req.param("id");
    return afterValidationCommand(context, id, "rerun", await data.rerun(id, context.var.view.actor));
  });
}

/** Shows how many dead letters a command would affect, and asks for confirmation. */
async function askToConfirm(context: DashboardContext, { data }: DashboardDeps): Promise<Response> {
  const read = readForm(question, await fieldsOf(context));
  if ("error" in read) return refuse(context, read.error);
  const [action, which] = read.query.do.split("-") as [DeadLetterAction, "selected" | "matching"];
  const { id, filter } = read.query;
  if (which === "selected" && id.length === 0) return refuse(context, NOTHING_SELECTED);
  const all = Object.keys(filter).length === 0 ? ({ all: true } as const) : { filter };
  const chosen = readForm(deadLetterScope, which === "selected" ? { ids: id } : all);
  if ("error" in chosen) return refuse(context, chosen.error);
  const preview = await data.previewDeadLetters(chosen.query);
  return show(
    context,
    <ConfirmPage view={context.var.view} action={action} scope={chosen.query} preview={preview} />,
  );
}

const NOTHING_SELECTED: ApiError = {
  code: "invalid_body",
  message: "No dead letter is selected. Go back and select at least one.",
};

function afterDeadLetterCommand(
  context: DashboardContext,
  action: DeadLetterAction,
  answer: { readonly id: string } | Refused,
): Response | Promise<Response> {
  if ("error" in answer) return refuse(context, answer.error);
  return goTo(context, paths.replays(), action);
}

function afterValidationCommand(
  context: DashboardContext,
  id: string,
  command: "cancel" | "rerun" | "approve",
  answer: CommandAnswer,
): Response | Promise<Response> {
  if ("error" in answer) return refuse(context, answer.error);
  return goTo(context, paths.validation(id), command);
}

const fieldsOf = (context: DashboardContext): Promise<unknown> => context.req.parseBody({ all: true });

/** An empty field counts as absent. */
function withoutEmpty<Fields extends object>(fields: Fields): unknown {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
