/**
 * Forwards what GitHub could not deliver to this machine: read from the log of the App's deliveries, as recovery does,
 * and sent to the local producer, so that no tunnel is needed.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { GitHub, GitHubAnswer } from "@webhook-gateway/shared/github/client.ts";
import {
  type HookDelivery,
  hookDelivery,
  nextCursor,
  payloadOf,
} from "@webhook-gateway/shared/github/hook-delivery.ts";
import * as v from "valibot";
import { sendDelivery } from "../api/delivery.ts";
import { isTimeout, unreachableReason } from "../api/http.ts";
import { GatewayError } from "../exit.ts";
import type { Forwarded } from "./forwarded.ts";

export interface ForwardDeps {
  readonly github: GitHub;
  /** The producer's address. */
  readonly url: string;
  readonly webhookSecret: string;
  readonly forwarded: Forwarded;
  readonly signal: AbortSignal;
  print(line: string): void;
}

/** As GitHub allows 5,000 requests an hour: https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api */
const POLL_MS = 3000;
const PAGE_SIZE = 100;
const PATH = "/app/hook/deliveries";

/** Why a round ended early, and when the next may begin. */
class Pause extends Error {
  readonly untilMs: number;

  constructor(message: string, untilMs = 0) {
    super(message);
    this.untilMs = untilMs;
  }
}

/**
 * Forwards deliveries until it is stopped, each once.
 * @throws GatewayError if GitHub refuses the App
 */
export async function forwardDeliveries(deps: ForwardDeps, pollMs = POLL_MS): Promise<void> {
  const { signal, print } = deps;
  let problem = "";
  while (!signal.aborted) {
    let waitMs = pollMs;
    try {
      await forwardNew(deps);
      if (problem !== "") print("forwarding again");
      problem = "";
    } catch (thrown) {
      if (!(thrown instanceof Pause)) throw thrown;
      if (thrown.message !== problem) print(thrown.message);
      problem = thrown.message;
      waitMs = Math.max(pollMs, thrown.untilMs - Date.now());
    }
    await delay(waitMs, undefined, { signal }).catch(() => undefined);
  }
}

async function forwardNew(deps: ForwardDeps): Promise<void> {
  const { forwarded, signal } = deps;
  for (const delivery of await listNew(deps)) {
    const { guid, status_code: status } = delivery;
    if (signal.aborted) return;
    if (forwarded.has(guid)) continue;
    // It arrived, through a tunnel.
    if (status >= 200 && status < 300) forwarded.add(guid);
    else await forward(deps, delivery);
  }
}

/** Oldest first. */
async function listNew({ github, forwarded }: ForwardDeps): Promise<readonly HookDelivery[]> {
  const found: HookDelivery[] = [];
  let cursor: string | null = null;
  do {
    const parameters: object = { per_page: PAGE_SIZE, ...(cursor !== null && { cursor }) };
    const answer = dataOf(await github.call({ kind: "app" }, `GET ${PATH}`, parameters));
    const parsed = v.safeParse(v.array(hookDelivery), answer.data);
    if (!parsed.success) throw new Pause("GitHub's list of deliveries cannot be read");
    const recent = parsed.output.filter(({ delivered_at }) => delivered_at >= forwarded.since);
    const fresh = recent.filter(({ guid }) => !forwarded.has(guid));
    found.push(...fresh);
    // Whatever is older than a page without anything new was seen before.
    cursor = recent.length < parsed.output.length || fresh.length === 0 ? null : nextCursor(answer.link);
  } while (cursor !== null);
  return found.reverse();
}

async function forward(deps: ForwardDeps, { id, guid, event, action }: HookDelivery): Promise<void> {
  const { github, url, webhookSecret, forwarded, print } = deps;
  const name = action === null ? event : `${event}.${action}`;
  const answer = await github.call({ kind: "app" }, `GET ${PATH}/{delivery_id}`, { delivery_id: id });
  const payload = !answer.ok && answer.failure.class === "missing" ? null : payloadOf(dataOf(answer).data);
  if (payload === null) {
    forwarded.add(guid);
    return print(`${name} ${guid}: GitHub no longer has its payload`);
  }
  const status = await send(url, webhookSecret, { event, guid, body: JSON.stringify(payload) });
  if (status === 401)
    throw new Pause(`the gateway at ${url} does not accept the App's webhook secret: restart npm start`);
  if (status === 429 || status >= 500) throw new Pause(`the gateway at ${url} answered ${status}`);
  forwarded.add(guid);
  print(`${name} ${guid}: forwarded, answered ${status}`);
}

async function send(
  url: string,
  secret: string,
  delivery: Parameters<typeof sendDelivery>[2],
): Promise<number> {
  try {
    return (await sendDelivery(url, secret, delivery)).status;
  } catch (thrown) {
    const reason = isTimeout(thrown) ? " (no answer in time)" : unreachableReason(thrown);
    throw new Pause(`no gateway answers at ${url}${reason}: is npm start running?`);
  }
}

/** @throws Pause if GitHub cannot be asked now, GatewayError if it refuses the App */
function dataOf(answer: GitHubAnswer) {
  if (answer.ok) return answer;
  const { class: failure, error, limitedUntilMs } = answer.failure;
  if (failure === "limited") throw new Pause("GitHub's rate limit is reached", limitedUntilMs);
  if (failure === "retryable") throw new Pause(error);
  throw new GatewayError(`GitHub does not list the App's deliveries: ${error}`);
}
