/** Responses of the dashboard: a page, an error, or a redirect to a page. */
import type { HtmlEscapedString } from "hono/utils/html";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { Health } from "../health/health.ts";
import { type ApiError, type ErrorCode, errorResponse } from "../http/api-error.ts";
import type { DashboardContext, DashboardEnv } from "./context.ts";
import type { NoticeName } from "./notice.ts";
import { RefusedPage } from "./pages/login.tsx";
import { ProblemPage } from "./pages/problem.tsx";
import { withQuery } from "./parts/link.ts";
import { render } from "./parts/view.ts";

const TITLES: Partial<Record<ErrorCode, string>> = {
  invalid_query: "Invalid filters",
  invalid_body: "Invalid form",
  unauthorized: "Sign in",
  forbidden: "Not allowed",
  not_found: "Not found",
  method_not_allowed: "Method not allowed",
  replay_under_way: "A replay is already running",
  payload_too_large: "Too many at once",
  rate_limited: "Too many wrong passwords",
  queue_unavailable: "The queue is unavailable",
  storage_unavailable: "D1 is unavailable",
  access_unavailable: "Cloudflare Access is unavailable",
};

export type Markup = HtmlEscapedString | Promise<HtmlEscapedString>;

/** @param context of a page of any kind */
export const show = (
  context: { readonly var: Partial<DashboardEnv["Variables"]> } & Pick<DashboardContext, "html">,
  page: Markup,
  status: ContentfulStatusCode = 200,
): Response | Promise<Response> => context.html(`<!doctype html>${render(page, context.var)}`, status);

/** A page with the error. Someone who is not signed in sees nothing else. */
export async function refuse(context: DashboardContext, error: ApiError, health?: Health): Promise<Response> {
  const { code, message, headers } = error;
  const { requestId, view } = context.var;
  const title = TITLES[code] ?? "Something went wrong";
  for (const [name, value] of Object.entries(headers ?? {})) context.header(name, value);
  const page =
    view === undefined ? (
      <RefusedPage title={title} message={message} />
    ) : (
      <ProblemPage title={title} message={message} requestId={requestId} health={health} />
    );
  return show(context, page, statusOf(error));
}

/** Redirects to the page that shows the result of a form. */
export const goTo = (context: DashboardContext, path: string, notice: NoticeName): Response =>
  context.redirect(withQuery(path, { notice }), 303);

/** The same status as in the APIs. */
export const statusOf = (error: ApiError): ContentfulStatusCode =>
  errorResponse(error, "").status as ContentfulStatusCode;
