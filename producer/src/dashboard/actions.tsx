/** All commands. Only operators get here, through a form of the dashboard itself. */
import { deadLetterFilter, deadLetterScope } from "@webhook-gateway/shared/api/dead-letter.ts";
import { pauseRequest, resumeRequest } from "@webhook-gateway/shared/api/pause.ts";
import { discardRequest, replayRequest } from "@webhook-gateway/shared/api/replay.ts";
import type { Hono } from "hono";
import * as v from "valibot";
import type { ApiError, Refused } from "../http/api-error.ts";
import type { DashboardContext, DashboardDeps, DashboardEnv } from "./context.ts";
import type { NoticeName } from "./notice.ts";
import { ConfirmPage, type DeadLetterAction } from "./pages/confirm.tsx";
import { paths, repositoryPath } from "./parts/link.ts";
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
const text = v.optional(
  v.pipe(
    v.string(),
    v.trim(),
    v.transform((given) => (given === "" ? undefined : given)),
  ),
);
const reason = text;
const replayForm = v.pipe(
  v.object({ scope, reason, rate: v.pipe(v.string(), v.transform(Number)) }),
  v.transform(withoutEmpty),
  replayRequest,
);
const pauseForm = v.pipe(
  v.object({
    repository: text,
    reason,
    for_seconds: v.pipe(
      text,
      v.transform((given) => (given === undefined ? undefined : Number(given))),
    ),
  }),
  v.transform(withoutEmpty),
  pauseRequest,
);
const discardForm = v.pipe(v.object({ scope, reason }), v.transform(withoutEmpty), discardRequest);
const DEAD_LETTER_FORMS = { replay: replayForm, discard: discardForm };

export function addActions(app: Hono<DashboardEnv>, deps: DashboardDeps): void {
  const { data } = deps;
  app.post("/dead-letters/confirm", (context) => askToConfirm(context, deps));
  // Opened from the address bar, these pages do not know which dead letters they are about.
  app.get("/dead-letters/:command{confirm|replay|discard}", (context) =>
    context.redirect(paths.deadLetters(), 303),
  );
  for (const action of ["replay", "discard"] as const) {
    app.post(`/dead-letters/${action}`, async (context) => {
      const read = readForm(DEAD_LETTER_FORMS[action], await fieldsOf(context));
      if ("error" in read) return refuse(context, read.error);
      const answer = await data[action](read.query, context.var.view.actor);
      return afterCommand(context, answer, paths.replays(), action);
    });
  }
  app.post("/replays/:id/cancel", async (context) => {
    const replay = await data.cancelReplay(context.req.param("id"), context.var.view.actor);
    const unknown: ApiError = { code: "not_found", message: "No replay has this id." };
    return afterCommand(context, replay ?? { error: unknown }, paths.replays(), "stopped");
  });
  for (const command of ["cancel", "approve", "rerun"] as const) {
    app.post(`/validations/:id/${command}`, async (context) => {
      const id = context.req.param("id");
      const answer = await data[command](id, context.var.view.actor);
      return afterCommand(context, answer, paths.validation(id), command);
    });
  }
  for (const of of ["", "/repositories/:owner/:repo"]) {
    app.post(`${of}/pause`, async (context) => {
      const repository = repositoryOf(context);
      const read = readForm(pauseForm, { ...(await fieldsOf(context)), repository });
      if ("error" in read) return refuse(context, read.error);
      const answer = await data.pause(read.query, context.var.view.actor);
      return afterCommand(context, answer, pausePath(repository), "pause");
    });
    app.post(`${of}/resume`, async (context) => {
      const repository = repositoryOf(context);
      const read = readForm(resumeRequest, repository === undefined ? {} : { repository });
      if ("error" in read) return refuse(context, read.error);
      const answer = await data.resume(read.query, context.var.view.actor);
      return afterCommand(context, answer, pausePath(repository), "resume");
    });
  }
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
  return show(context, <ConfirmPage action={action} scope={chosen.query} preview={preview} />);
}

const NOTHING_SELECTED: ApiError = {
  code: "invalid_body",
  message: "No dead letter is selected. Go back and select at least one.",
};

/** @param path of the page that shows what was done */
const afterCommand = (
  context: DashboardContext,
  answer: object | Refused,
  path: string,
  notice: NoticeName,
): Response | Promise<Response> =>
  "error" in answer ? refuse(context, answer.error) : goTo(context, path, notice);

/** The repository in the path; undefined: all of them. */
function repositoryOf(context: DashboardContext): string | undefined {
  const { owner, repo } = context.req.param() as Partial<Record<string, string>>;
  return owner === undefined ? undefined : `${owner}/${repo}`;
}

const pausePath = (repository: string | undefined): string => repositoryPath(repository ?? "") ?? paths.now;

const fieldsOf = (context: DashboardContext): Promise<object> => context.req.parseBody({ all: true });

/** An empty field counts as absent. */
function withoutEmpty<Fields extends object>(fields: Fields): unknown {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
