/** `gateway send`: correctly signed deliveries of any event, the way GitHub sends them. */
import { setTimeout as delay } from "node:timers/promises";
import { type Command, InvalidArgumentError } from "commander";
import pLimit from "p-limit";
import { type Sent, sendDelivery, TIMEOUT_MS } from "../api/delivery.ts";
import { gatewayUrl } from "../api/gateway-url.ts";
import { isTimeout, unreachableReason } from "../api/http.ts";
import { noAnswer } from "../api/refusal.ts";
import { isJson } from "../api/session.ts";
import { EXIT, GatewayError } from "../exit.ts";
import { matching, repository } from "../input/option.ts";
import { readPayloadFile } from "../input/payload-file.ts";
import { startFolder } from "../input/text-file.ts";
import { webhookSecret } from "../input/webhook-secret.ts";
import { safeJson } from "../output/plain-text.ts";
import { printResult } from "../output/terminal.ts";

type Examples = typeof import("../input/payload.ts");

interface SendOptions {
  readonly repo?: string;
  readonly pr?: number;
  readonly head?: string;
  readonly fork?: string;
  readonly payload?: string;
  readonly guid?: string;
  readonly count: number;
  readonly rate?: number;
}

/** Deliveries that wait for an answer at the same time. */
const MAX_AT_ONCE = 50;

const eventName = matching(/^\w+(?:\.\w+)?$/, "It must be an event, with or without an action.");

/** What a header can carry. */
const guid = matching(/^[\x21-\x7e]+$/, "It must be text without spaces.");

const sha = matching(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/, "It must be a full commit SHA.");

const EXAMPLES = `
Examples:
  gateway send ping
  gateway send pull_request.opened --repo acme/widgets --pr 12 --head 6dcb09b5b57875f334f61aebed695e2e4193db5e
  gateway send pull_request.opened --repo acme/widgets --fork mallory/widgets
  gateway send push --payload payload.json
  gateway send pull_request.opened --repo acme/widgets --count 500 --rate 50

The secret comes from GITHUB_WEBHOOK_SECRET. For a gateway on this machine it
may also come from .dev.vars.
With --count each delivery is a separate pull request, numbered starting at --pr.`;

export function addSend(program: Command): void {
  program
    .command("send")
    .description("send a signed delivery")
    .argument("<event>", "a GitHub event, such as push or pull_request.opened", eventName)
    .option("--repo <owner/repo>", "the repository it is about", repository)
    .option("--pr <number>", "the pull request it is about", positiveInteger)
    .option("--head <sha>", "its head commit", sha)
    .option("--fork <owner/repo>", "the fork that its head is in: a stranger's pull request", repository)
    .option("--payload <file>", "send this JSON unchanged")
    .option("--guid <guid>", "the delivery's GUID, for a redelivery (default: a new one)", guid)
    .option("--count <n>", "how many to send", positiveInteger, 1)
    .option("--rate <n>", "how many a second (default: as fast as they are answered)", positiveInteger)
    .addHelpText("after", EXAMPLES)
    .action(async (event: string, options: SendOptions, command: Command) => {
      const sent = await sendAll(gatewayUrl(command), event, options);
      printResult(isJson(command), summaryOf(sent), () => linesOf(sent));
      if (sent.some(({ status }) => status >= 300)) process.exitCode = EXIT.failed;
    });
}

async function sendAll(url: string, event: string, options: SendOptions): Promise<Sent[]> {
  const secret = webhookSecret(url);
  const bodies = await bodiesOf(event, options);
  const name = event.split(".")[0] ?? event;
  const guid = options.guid === undefined ? {} : { guid: options.guid };
  const begun = performance.now();
  return pLimit(MAX_AT_ONCE).map(bodies, async (body, index) => {
    if (options.rate !== undefined) await waitUntil(begun + (index * 1000) / options.rate);
    return sendOne(url, secret, { event: name, body, ...guid });
  });
}

async function sendOne(
  url: string,
  secret: string,
  delivery: Parameters<typeof sendDelivery>[2],
): Promise<Sent> {
  try {
    return await sendDelivery(url, secret, delivery);
  } catch (thrown) {
    // Anything else is not the gateway's failure.
    if (isTimeout(thrown) || unreachableReason(thrown) !== "") throw noAnswer(thrown, url, TIMEOUT_MS);
    throw thrown;
  }
}

async function bodiesOf(event: string, options: SendOptions): Promise<string[]> {
  const { payload, count } = options;
  if (payload !== undefined) return new Array<string>(count).fill(readPayloadFile(startFolder(), payload));
  // GitHub's examples are megabytes of JSON: the other commands start without them.
  const examples = await import("../input/payload.ts");
  return Array.from({ length: count }, (_, index) => bodyOf(examples, event, options, index));
}

function bodyOf(examples: Examples, event: string, options: SendOptions, index: number): string {
  const pr = options.pr ?? (options.count > 1 ? 1 : undefined);
  const payload = examples.buildPayload(event, {
    repo: options.repo,
    pr: pr === undefined ? undefined : pr + index,
    head: options.head,
    fork: options.fork,
    now: new Date(),
  });
  if (payload !== undefined) return JSON.stringify(payload);
  throw new GatewayError(unknownEvent(examples, event), EXIT.usage);
}

function unknownEvent({ knownEvents }: Examples, event: string): string {
  const events = knownEvents();
  const [name = ""] = event.split(".");
  const actions = events.get(name);
  return actions === undefined
    ? `GitHub has no event "${name}"; known: ${[...events.keys()].join(", ")}`
    : `there is no example of "${event}"; known actions: ${actions.join(", ")}; or give --payload`;
}

const waitUntil = (time: number): Promise<void> => delay(Math.max(time - performance.now(), 0));

function summaryOf(sent: readonly Sent[]) {
  const statuses = Object.groupBy(sent, ({ status }) => String(status));
  return {
    sent: sent.length,
    statuses: Object.fromEntries(
      Object.entries(statuses).map(([status, group]) => [status, group?.length ?? 0]),
    ),
    items: sent.map(({ guid, status, durationMs, answer }) => ({
      delivery_id: guid,
      status,
      duration_ms: durationMs,
      answer,
    })),
  };
}

/** For one delivery its answer, for several the number of each status. */
function linesOf(sent: readonly Sent[]): string[] {
  const [first] = sent;
  if (sent.length === 1 && first !== undefined) {
    return [`${first.status} in ${first.durationMs} ms  delivery ${first.guid}`, safeJson(first.answer)];
  }
  const { statuses } = summaryOf(sent);
  const durations = sent.map(({ durationMs }) => durationMs).toSorted((a, b) => a - b);
  const counted = Object.entries(statuses).map(([status, count]) => `${count} × ${status}`);
  return [`${counted.join(", ")}; median ${durations[Math.floor(durations.length / 2)]} ms`];
}

function positiveInteger(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 1)
    throw new InvalidArgumentError("It must be a whole number, 1 or more.");
  return number;
}
