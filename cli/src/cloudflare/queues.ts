/**
 * The account's queues, read from Cloudflare's API: Wrangler 4.164 does not print the retention of a queue, and lists
 * queues only as a table. Every change goes through Wrangler.
 */
import * as v from "valibot";
import { GatewayError } from "../exit.ts";
import { type Account, RIGHTS } from "./account.ts";
import { readFromApi } from "./api.ts";

export interface Consumer {
  readonly type: string;
  /** The Worker's name; null if it is not a Worker. */
  readonly script: string | null;
}

export interface Queue {
  readonly name: string;
  /** How long a message is kept; null if Cloudflare does not say. */
  readonly retentionSeconds: number | null;
  readonly consumers: readonly Consumer[];
}

/** An account has 10,000 queues at most: https://developers.cloudflare.com/queues/platform/limits/ */
const MAX_PAGES = 1000;

const text = v.nullish(v.string(), null);

const consumer = v.pipe(
  // The documentation has one name for it, Wrangler reads two others.
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
/** @throws GatewayError if Cloudflare does not answer, or refuses */
export async function listQueues(account: Account, signal?: AbortSignal): Promise<Queue[]> {
  const queues: Queue[] = [];
  for (let number = 1; number <= MAX_PAGES; number++) {
    const { result, result_info: info } = await requestPage(account, number, signal);
    queues.push(...(result ?? []));
    if (number >= (info?.total_pages ?? 1)) break;
  }
  return queues;
}

async function requestPage(account: Account, number: number, signal: AbortSignal | undefined) {
  const question = { schema: page, what: "the account's queues", right: RIGHTS.queues };
  const answer = await readFromApi(account, { ...question, path: `/queues?page=${number}` }, signal);
  if (answer === undefined) throw new GatewayError("Cloudflare does not list the account's queues: HTTP 404");
  return answer;
}
