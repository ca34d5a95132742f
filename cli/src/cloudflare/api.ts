/** Cloudflare's API, for what Wrangler does not print. Only read: every change goes through Wrangler. */
import * as v from "valibot";
import { requestJson } from "../api/http.ts";
import { GatewayError } from "../exit.ts";
import { plainText } from "../output/plain-text.ts";
import { type Account, explainRefusal, type Right } from "./account.ts";

const TIMEOUT_MS = 30_000;

const refusal = v.object({
  errors: v.pipe(v.array(v.object({ code: v.number(), message: v.string() })), v.minLength(1)),
});

/** What is read: its path below the account, its schema, and how an error names it. */
interface Question<Schema extends v.GenericSchema> {
  readonly path: string;
  readonly schema: Schema;
  readonly what: string;
  readonly right: Right;
}

/**
 * @returns undefined if Cloudflare does not have it
 * @throws GatewayError if Cloudflare does not answer, or refuses
 */
export async function readFromApi<Schema extends v.GenericSchema>(
  account: Account,
  { path, schema, what, right }: Question<Schema>,
  signal: AbortSignal | undefined,
): Promise<v.InferOutput<Schema> | undefined> {
  const { status, body } = await request(account, path, signal);
  const parsed = v.safeParse(schema, body);
  if (parsed.success) return parsed.output;
  if (status === 404) return undefined;
  const refused = v.safeParse(refusal, body);
  const message = refused.success
    ? refused.output.errors.map(({ message, code }) => `${plainText(message)} [code: ${code}]`).join(", ")
    : `HTTP ${status}`;
  throw new GatewayError(`Cloudflare does not list ${what}: ${explainRefusal(message, right)}`);
}

async function request({ apiUrl, id, token }: Account, path: string, signal: AbortSignal | undefined) {
  try {
    return await requestJson(`${apiUrl}/accounts/${encodeURIComponent(id)}${path}`, TIMEOUT_MS, {
      headers: { accept: "application/json", authorization: `Bearer ${token}` },
      redirect: "error",
      ...(signal && { signal }),
    });
  } catch {
    throw new GatewayError(`Cloudflare's API (${apiUrl}) cannot be reached`);
  }
}
