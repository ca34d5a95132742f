/** HTTP to one gateway: authenticated, bounded in time, its answers checked. */
import * as v from "valibot";
import { requestJson } from "./http.ts";
import { ApiError, noAnswer, type RequestKind, readRefusal } from "./refusal.ts";

export interface Connection {
  /** Without a slash at its end. */
  readonly url: string;
  readonly token: string;
}

export type Query = Readonly<Record<string, string | number | undefined>>;

/** Requests with checked answers. @throws ApiError if there is no such answer */
export interface Client {
  /** @param named whether the path or the query names one thing, which may not exist */
  get<Schema extends v.GenericSchema>(
    path: string,
    schema: Schema,
    options?: { readonly query?: Query; readonly named?: boolean; readonly signal?: AbortSignal | null },
  ): Promise<v.InferOutput<Schema>>;
  /** Changes something that is named. */
  post<Schema extends v.GenericSchema>(
    path: string,
    schema: Schema,
    body?: object,
    options?: { readonly named?: boolean },
  ): Promise<v.InferOutput<Schema>>;
}

/** For one request with its whole answer. */
const TIMEOUT_MS = 30_000;

export function openClient({ url, token }: Connection): Client {
  const headers = {
    accept: "application/json",
    authorization: `Bearer ${token}`,
  };

  async function send<Schema extends v.GenericSchema>(
    path: string,
    init: RequestInit,
    request: RequestKind,
    schema: Schema,
  ): Promise<v.InferOutput<Schema>> {
    const { status, headers, body } = await requestJson(`${url}${path}`, TIMEOUT_MS, init).catch(
      (thrown: unknown) => {
        throw noAnswer(thrown, url, TIMEOUT_MS);
      },
    );
    const location = headers.get("location");
    if (location !== null && status >= 300 && status < 400) {
      // `fetch` would follow a POST with a GET.
      throw new ApiError("redirected", `${url} redirects to ${location}: pass that as --url`, status);
    }
    if (status >= 300) throw readRefusal(status, body, request, url);
    const parsed = v.safeParse(schema, body);
    if (parsed.success) return parsed.output;
    const [field = ""] = parsed.issues.map((issue) => v.getDotPath(issue) ?? "the whole");
    const message = `unexpected answer from ${url} (${field}): it may run another version`;
    throw new ApiError("not_a_gateway", message, status);
  }

  return {
    get: (path, schema, { query = {}, named = false, signal = null } = {}) =>
      send(`${path}${queryText(query)}`, { headers, signal }, { changes: false, named }, schema),
    post: (path, schema, body = {}, { named = true } = {}) =>
      send(
        path,
        {
          method: "POST",
          headers: { ...headers, "content-type": "application/json" },
          body: JSON.stringify(body),
        },
        { changes: true, named },
        schema,
      ),
  };
}

function queryText(query: Query): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) search.set(name, String(value));
  }
  return search.size === 0 ? "" : `?${search}`;
}
