/** Answers of the dashboard: a page, a refusal, or the way to a page. */
import type { HtmlEscapedString } from "hono/utils/html";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { Health } from "../health/health.ts";
import { type ApiError, type ErrorCode, errorResponse } from "../http/api-error.ts";
import type { DashboardContext } from "./context.ts";
import type { NoticeName } from "./notice.ts";
import { ProblemPage } from "./pages/problem.tsx";
import { SignInPage } from "./pages/sign-in.tsx";
import { withQuery } from "./parts/link.ts";

const TITLES: Partial<Record<ErrorCode, string>> = {
  invalid_query: "These filters are not understood",
  invalid_body: "This form is not understood",
  unauthorized: "A password is needed",
  forbidden: "Not allowed",
  not_found: "There is nothing here",
  method_not_allowed: "Not this way",
  replay_under_way: "A replay is under way",
  payload_too_large: "Too much at once",
  rate_limited: "Too many wrong passwords",
  queue_unavailable: "The queue does not answer",
  storage_unavailable: "D1 does not answer",
};

/** What JSX makes. */
export type Markup = HtmlEscapedString | Promise<HtmlEscapedString>;

/** A page. `status` 200 where none is given. */
export async function show(
  context: DashboardContext,
  page: Markup,
  status: ContentfulStatusCode = 200,
): Promise<Response> {
  return context.html(`<!doctype html>${await page}`, status);
}

/** A page that says why not. Someone unknown is told no more than that. */
export async function refuse(context: DashboardContext, error: ApiError, health?: Health): Promise<Response> {
  const { code, message, headers } = error;
  const { requestId, view } = context.var;
  const title = TITLES[code] ?? "Something went wrong";
  for (const [name, value] of Object.entries(headers ?? {})) context.header(name, value);
  const page =
    view === undefined ? (
      <SignInPage title={title} message={message} />
    ) : (
      <ProblemPage view={view} title={title} message={message} requestId={requestId} health={health} />
    );
  return show(context, page, statusOf(error));
}

/** The way to a page that shows what came of a form. */
export const goTo = (context: DashboardContext, path: string, notice: NoticeName): Response =>
  context.redirect(withQuery(path, { notice }), 303);

/** Of the same table as the statuses of the APIs. */
const statusOf = (error: ApiError): ContentfulStatusCode =>
  errorResponse(error, "").status as ContentfulStatusCode;
