/**
 * The account's queues, asked of Cloudflare itself: Wrangler (4.164) prints no queue's retention, and lists queues as
 * a table only. Reading is all that is done here; whatever changes goes through Wrangler.
 */
import * as v from "valibot";
import { GatewayError } from "../exit.ts";
import { plainText } from "../output/plain-text.ts";
import { type Account, RIGHTS, rightsMend } from "./account.ts";

export interface Consumer {
  readonly type: string;
  /** The Worker's name; null where it is none. */
  readonly script: string | null;
}

export interface Queue {
  readonly name: string;
  /** How long a message is kept; null where Cloudflare does not say. */
  readonly retentionSeconds: number | null;
  readonly consumers: readonly Consumer[];
}

const TIMEOUT_MS = 30_000;
/** A list that goes on beyond this is no list of queues: an account has 10,000 at most (docs, 2026-11). */
const MAX_PAGES = 1000;

const text = v.nullish(v.string(), null);

const consumer = v.pipe(
  // One name in the documentation, two in what Wrangler reads.
  v.object({ type: v.optional(v.string(), "worker"), script: text, script_name: text, service: text }),
  v.transform(
    (one): Consumer => ({ type: one.type, script: one.script ?? one.script_name ?? one.service ?? null }),
  ),
);

const queue = v.pipe(
  v.object({
    queue_name: v.string(),
    settings: v.nullish(v.object({ message_retention_period: v.nullish(v.number(), null) }), null),
    consumers: v.nullish(v.array(consumer), []),
  }),
  v.transform(
    ({ queue_name: name, settings, consumers }): Queue => ({
      name,
      retentionSeconds: settings?.message_retention_period ?? null,
      consumers: consumers ?? [],
    }),
  ),
);

const page = v.object({
  success: v.literal(true),
  result: v.nullable(v.array(queue)),
  result_info: v.nullish(v.object({ total_pages: v.nullish(v.number(), null) }), null),
});
const refusal = v.object({
  errors: v.pipe(v.array(v.object({ code: v.number(), message: v.string() })), v.minLength(1)),
});

/** @throws GatewayError where Cloudflare cannot be asked, or refuses */
export async function listQueues(account: Account, signal?: AbortSignal): Promise<Queue[]> {
  const queues: Queue[] = [];
  for (let number = 1; number <= MAX_PAGES; number++) {
    const { result, result_info: info } = await askPage(account, number, signal);
    queues.push(...(result ?? []));
    if (number >= (info?.total_pages ?? 1)) break;
  }
  return queues;
}

async function askPage(account: Account, number: number, signal: AbortSignal | undefined) {
  const { status, body } = await exchange(account, `/queues?page=${number}`, signal);
  const parsed = v.safeParse(page, body);
  if (parsed.success) return parsed.output;
  const refused = v.safeParse(refusal, body);
  const said = refused.success
    ? refused.output.errors.map(({ message, code }) => `${plainText(message)} [code: ${code}]`).join(", ")
    : `HTTP ${status}`;
  const mend = rightsMend(said, RIGHTS.queues);
  throw new GatewayError(
    `Cloudflare does not list the account's queues: ${said}${mend === undefined ? "" : `. ${mend}`}`,
  );
}

async function exchange({ apiUrl, id, token }: Account, path: string, signal?: AbortSignal) {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  try {
    const response = await fetch(`${apiUrl}/accounts/${encodeURIComponent(id)}${path}`, {
      headers: { accept: "application/json", authorization: `Bearer ${token}` },
      redirect: "error",
      signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]),
    });
    const body: unknown = await response.json().catch(() => undefined);
    return { status: response.status, body };
  } catch {
    throw new GatewayError(`Cloudflare's API (${apiUrl}) cannot be reached`);
  }
}
