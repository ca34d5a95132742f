/** HTTP to one gateway: authenticated, bounded in time, its answers checked. */
import { hostname, userInfo } from "node:os";
import * as v from "valibot";
import { ApiError, type Asked, readRefusal } from "./refusal.ts";
import { unreachableReason } from "./unreachable.ts";

export interface Connection {
  /** Without a slash at its end. */
  readonly url: string;
  readonly token: string;
}

export type Query = Readonly<Record<string, string | number | undefined>>;

/** Requests with checked answers. @throws ApiError where there is no such answer */
export interface Client {
  /** @param named whether the path or the query names one thing, which may be unknown */
  get<Schema extends v.GenericSchema>(
    path: string,
    schema: Schema,
    options?: { readonly query?: Query; readonly named?: boolean; readonly signal?: AbortSignal | null },
  ): Promise<v.InferOutput<Schema>>;
  /** Orders something that is named. */
  post<Schema extends v.GenericSchema>(
    path: string,
    schema: Schema,
    body?: object,
    options?: { readonly named?: boolean },
  ): Promise<v.InferOutput<Schema>>;
}

/** For one request with its answer. */
const TIMEOUT_MS = 30_000;

/** A client of one gateway. */
export function openClient({ url, token }: Connection): Client {
  const headers = { accept: "application/json", authorization: `Bearer ${token}`, "x-operator": whoAmI() };

  async function ask<Schema extends v.GenericSchema>(
    path: string,
    init: RequestInit,
    asked: Asked,
    schema: Schema,
  ): Promise<v.InferOutput<Schema>> {
    const { status, answer, location } = await exchange(`${url}${path}`, init, url);
    if (location !== null && status >= 300 && status < 400) {
      // Followed, an order would become a question.
      throw new ApiError("redirected", `${url} redirects to ${location}: give that as --url`, status);
    }
    if (status >= 300) throw readRefusal(status, answer, asked, url);
    const parsed = v.safeParse(schema, answer);
    if (parsed.success) return parsed.output;
    const field = parsed.issues.map((issue) => v.getDotPath(issue) ?? "the whole")[0];
    const message = `the answer of ${url} is not understood (${field}): it may be of another version`;
    throw new ApiError("not_a_gateway", message, status);
  }

  return {
    get: (path, schema, { query = {}, named = false, signal = null } = {}) =>
      ask(`${path}${queryText(query)}`, { headers, signal }, { order: false, named }, schema),
    post: (path, schema, body = {}, { named = true } = {}) =>
      ask(
        path,
        {
          method: "POST",
          headers: { ...headers, "content-type": "application/json" },
          body: JSON.stringify(body),
        },
        { order: true, named },
        schema,
      ),
  };
}

async function exchange(address: string, init: RequestInit, url: string) {
  try {
    const timeout = AbortSignal.timeout(TIMEOUT_MS);
    const signal = init.signal ? AbortSignal.any([timeout, init.signal]) : timeout;
    const response = await fetch(address, { ...init, redirect: "manual", signal });
    const text = await response.text();
    const { status } = response;
    return { status, answer: parseJson(text), location: response.headers.get("location") };
  } catch (thrown) {
    if (thrown instanceof Error && thrown.name === "TimeoutError") {
      throw new ApiError("timeout", `no answer from ${url} within ${TIMEOUT_MS / 1000} s`, 0);
    }
    throw new ApiError("unreachable", `no gateway answers at ${url}${unreachableReason(thrown)}`, 0);
  }
}

function queryText(query: Query): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) search.set(name, String(value));
  }
  return search.size === 0 ? "" : `?${search}`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** For the gateway's records: `user@host`, in characters that a header may have. */
function whoAmI(): string {
  return `${userName()}@${hostname()}`.replaceAll(/[^\x21-\x7e]/g, "?");
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container's user may have no name.
    return "unknown";
  }
}
