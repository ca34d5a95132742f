import { actionQuery } from "@webhook-gateway/shared/api/action.ts";
import { deadLetterQuery } from "@webhook-gateway/shared/api/dead-letter.ts";
import { deliveryQuery } from "@webhook-gateway/shared/api/delivery.ts";
import { flakeQuery } from "@webhook-gateway/shared/api/flake.ts";
import { reconcileQuery } from "@webhook-gateway/shared/api/reconcile.ts";
import { replayQuery } from "@webhook-gateway/shared/api/replay.ts";
import { traceQuery } from "@webhook-gateway/shared/api/trace.ts";
import { validationQuery } from "@webhook-gateway/shared/api/validation.ts";
import { runPagePath } from "@webhook-gateway/shared/domain/capability.ts";
import type { Hono } from "hono";
import type * as v from "valibot";
import type { DashboardContext, DashboardDeps, DashboardEnv } from "./context.ts";
import type { DashboardData, ListPage } from "./data.ts";
import { ActionsPage } from "./pages/actions.tsx";
import { DeadLetterPage } from "./pages/dead-letter.tsx";
import { DeadLettersPage } from "./pages/dead-letters.tsx";
import { DeliveriesPage } from "./pages/deliveries.tsx";
import { FlakesPage } from "./pages/flakes.tsx";
import { OverviewPage } from "./pages/overview/overview.tsx";
import { PullPage } from "./pages/pull.tsx";
import { ReconcilesPage } from "./pages/reconciles.tsx";
import { ReplaysPage } from "./pages/replays.tsx";
import { RepositoriesPage } from "./pages/repositories/repositories.tsx";
import { RepositoryPage } from "./pages/repositories/repository.tsx";
import { SearchHelpPage, SearchPage } from "./pages/search.tsx";
import { ValidationPage } from "./pages/validation/validation.tsx";
import { ValidationsPage } from "./pages/validations.tsx";
import type { ListProps } from "./parts/view.ts";
import { givenParameters, readQuery } from "./query.ts";
import { type Markup, refuse, show } from "./respond.tsx";

/** The page of a list. Its filters are those of the operator API. */
async function showList<Schema extends v.GenericSchema, Item>(
  context: DashboardContext,
  schema: Schema,
  load: (query: v.InferOutput<Schema>) => Promise<ListPage<Item>>,
  Page: (props: ListProps<Item>) => Markup,
): Promise<Response> {
  const read = readQuery(schema, context.req.url);
  if ("error" in read) return refuse(context, read.error);
  const filter = givenParameters(context.req.url);
  return show(context, <Page list={await load(read.query)} filter={filter} />);
}

export function addPages(app: Hono<DashboardEnv>, { config, data }: DashboardDeps): void {
  app.get("/", async (context) => {
    const [overview, health] = await Promise.all([data.overview(), data.health()]);
    return show(context, <OverviewPage overview={overview} health={health} />);
  });
  app.get("/validations", (context) =>
    showList(context, validationQuery, (query) => data.validations(query), ValidationsPage),
  );
  app.get("/deliveries", (context) =>
    showList(context, deliveryQuery, (query) => data.deliveries(query), DeliveriesPage),
  );
  app.get("/dead-letters", (context) =>
    showList(context, deadLetterQuery, (query) => data.deadLetters(query), DeadLettersPage),
  );
  app.get("/replays", (context) =>
    showList(context, replayQuery, (query) => data.replays(query), ReplaysPage),
  );
  app.get("/reconciles", (context) =>
    showList(context, reconcileQuery, (query) => data.reconciles(query), ReconcilesPage),
  );
  app.get("/flakes", (context) => showList(context, flakeQuery, (query) => data.flakes(query), FlakesPage));
  app.get("/actions", (context) =>
    showList(context, actionQuery, (query) => data.actions(query), ActionsPage),
  );
  app.get("/validations/:id", async (context) => {
    const id = context.req.param("id");
    const [validation, trace] = await Promise.all([data.validation(id), data.trace(id)]);
    if (validation === undefined) return refuse(context, unknown("No validation has this id."));
    const runPage = await runPagePath(config.GRAINCHAIN_CALLBACK_SECRET, validation.id);
    return show(context, <ValidationPage {...{ validation, trace, runPage }} />);
  });
  app.get("/dead-letters/:id", async (context) => {
    const deadLetter = await data.deadLetter(context.req.param("id"));
    if (deadLetter === undefined) return refuse(context, unknown("No dead letter has this id."));
    return show(context, <DeadLetterPage deadLetter={deadLetter} />);
  });
  app.get("/repositories", async (context) =>
    show(context, <RepositoriesPage repositories={await data.repositories()} />),
  );
  app.get("/repositories/:owner/:repo", (context) => showRepository(context, data));
  app.get("/pulls/:owner/:repo/:number{[0-9]{1,10}}", (context) => showPull(context, data));
  app.get("/search", (context) => showTrace(context, data));
}

const unknown = (message: string) => ({ code: "not_found", message }) as const;

async function showRepository(context: DashboardContext, data: DashboardData): Promise<Response> {
  const { owner, repo } = context.req.param() as Record<"owner" | "repo", string>;
  const { url } = context.req;
  const name = `${owner}/${repo}`;
  const read = readQuery(validationQuery, url, { repo: name });
  if ("error" in read) return refuse(context, read.error);
  const [repository, list] = await Promise.all([data.repository(name), data.validations(read.query)]);
  if (repository === undefined) return refuse(context, unknown("No repository of this name is known."));
  return show(context, <RepositoryPage {...{ repository, list }} filter={givenParameters(url)} />);
}

async function showPull(context: DashboardContext, data: DashboardData): Promise<Response> {
  const { owner, repo, number } = context.req.param() as Record<"owner" | "repo" | "number", string>;
  const { url } = context.req;
  const repository = `${owner}/${repo}`;
  const read = readQuery(validationQuery, url, { repo: repository, pr: number });
  if ("error" in read) return refuse(context, read.error);
  const list = await data.validations(read.query);
  if (list.items.length === 0 && read.query.cursor === undefined) {
    return refuse(context, unknown("This pull request has no runs."));
  }
  const about = { repository, number: Number(number) };
  return show(context, <PullPage {...about} list={list} filter={givenParameters(url)} />);
}

async function showTrace(context: DashboardContext, data: DashboardData): Promise<Response> {
  if (givenParameters(context.req.url).q === undefined) {
    return show(context, <SearchHelpPage asked="" />);
  }
  const read = readQuery(traceQuery, context.req.url);
  if ("error" in read) return refuse(context, read.error);
  const asked = read.query.q;
  const trace = await data.trace(asked);
  if (trace === undefined) return show(context, <SearchHelpPage asked={asked} />, 404);
  return show(context, <SearchPage asked={asked} trace={trace} />);
}
