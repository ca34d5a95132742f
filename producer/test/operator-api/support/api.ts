/** The operator API as an operator's client sees it: every answer is held against the OpenAPI document. */
import { env } from "cloudflare:workers";
import { expect } from "vitest";
import { jsonOf, ORIGIN, SECRETS, startApp, type TestAppOptions } from "../../support/app.ts";
import { expectDocumented } from "./document.ts";

export interface AskOptions {
  /** `operator` where none is given; null: no header. */
  readonly token?: string | null;
  readonly body?: unknown;
  /** As it is, in place of a body in JSON. */
  readonly raw?: BodyInit;
  readonly headers?: Readonly<Record<string, string>>;
}

export function startApi(options: TestAppOptions = {}) {
  const app = startApp({ db: env.DB, ...options });

  /** Asks, and checks what holds of every answer under `/api`. */
  async function ask(method: string, path: string, options: AskOptions = {}): Promise<Response> {
    const { token = SECRETS.OPERATOR_TOKEN, body, raw, headers } = options;
    const content = raw ?? (body === undefined ? null : JSON.stringify(body));
    const request = new Request(`${ORIGIN}${path}`, {
      method,
      headers: { ...(token === null ? {} : { authorization: `Bearer ${token}` }), ...headers },
      ...(content === null ? {} : { body: content }),
    });
    const response = await app.fetch(request);
    expect(response.headers.get("cache-control"), `${method} ${path}`).toBe("no-store");
    expect(response.headers.get("x-request-id")).toMatch(/^[\w-]{8,}$/);
    const { pathname } = new URL(request.url);
    if (method !== "HEAD") await expectDocumented(method, pathname, response.clone());
    return response;
  }

  async function json(method: string, path: string, options: AskOptions, status: number) {
    const response = await ask(method, path, options);
    const body = await jsonOf(response);
    expect({ status: response.status, body }).toMatchObject({ status });
    return body;
  }

  const get = (path: string, options: AskOptions = {}) => json("GET", path, options, 200);
  const post = (path: string, body?: unknown, status = 202) =>
    json("POST", path, body === undefined ? {} : { body }, status);

  /** The items of a list's page, and where it goes on. */
  async function list(path: string): Promise<{ readonly ids: string[]; readonly cursor: string | null }> {
    const { items, next_cursor } = await get(path);
    const ids = Array.from(Object(items), (item) => String(Object(item).id));
    return { ids, cursor: next_cursor === null ? null : String(next_cursor) };
  }

  return { ...app, ask, get, post, list };
}

export type Api = ReturnType<typeof startApi>;
