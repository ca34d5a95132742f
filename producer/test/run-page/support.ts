/** The page of a run, as a browser without a login asks for it. */
import { env } from "cloudflare:workers";
import { runPagePath } from "@webhook-gateway/shared/domain/capability.ts";
import { insertValidation } from "../operator-api/support/insert.ts";
import { ORIGIN, SECRETS, startApp, type TestAppOptions } from "../support/app.ts";

export const pathOf = (id: string): Promise<string> => runPagePath(SECRETS.GRAINCHAIN_CALLBACK_SECRET, id);

export const ask = (path: string, options: TestAppOptions = {}, init?: RequestInit): Promise<Response> =>
  startApp({ db: env.DB, ...options }).fetch(new Request(ORIGIN + path, init));

/** What can be read on a page, without its markup. */
export async function textOf(response: Response): Promise<string> {
  const html = await response.text();
  const body = html.slice(html.indexOf("<main"));
  return body
    .replaceAll(/<[^>]+>/g, " ")
    .replaceAll("&#39;", "'")
    .replaceAll(/\s+/g, " ");
}

/** Inserts a run. @returns what its page says */
export async function textOfRun(row: Parameters<typeof insertValidation>[0]): Promise<string> {
  return textOf(await ask(await pathOf(await insertValidation(row))));
}
