/**
 * The consumer over a metered D1, with a Grainchain and a GitHub that take everything at once. Whatever leaves it is
 * counted.
 */
import { generateKeyPairSync, randomUUID } from "node:crypto";
import type { D1Database } from "@cloudflare/workers-types";
import { readConsumerConfig } from "@webhook-gateway/shared/config/consumer.ts";
import type { WakeUp } from "@webhook-gateway/shared/messages/wake-up.ts";
import { createLog } from "@webhook-gateway/shared/telemetry/log.ts";
import { type ConsumerDeps, githubOf } from "../../consumer/src/deps.ts";
import { CallCounts } from "../../consumer/src/effects/call-counts.ts";
import { exceptEffects } from "../../consumer/src/effects/effect-log.ts";
import type { Budgets } from "../../consumer/src/github/send.ts";
import { createConsumer } from "../../consumer/src/handlers.ts";

const GRAINCHAIN_URL = "https://grainchain.test";
const GITHUB_URL = "https://github.test";
/** A GitHub App needs more calls than a token. */
const PRIVATE_KEY = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
  publicKeyEncoding: { type: "spki", format: "pem" },
}).privateKey;

/** What the consumer has sent so far, and how often it was invoked, which the caller counts. */
const NOTHING_SENT = {
  messages: 0,
  invocations: 0,
  grainchainCalls: 0,
  githubCalls: 0,
  /** Of them, those that create a check run. */
  githubCreates: 0,
  /** Calls of the Durable Object that keeps GitHub's budget. */
  budgetCalls: 0,
  dataPoints: 0,
};
export type Sent = typeof NOTHING_SENT;

export function createWorld(db: D1Database) {
  const sent: Sent = { ...NOTHING_SENT };
  const wakeUps: WakeUp[] = [];
  const send = async (wakeUp: WakeUp): Promise<void> => {
    sent.messages++;
    wakeUps.push(wakeUp);
  };
  const config = readConsumerConfig({
    ENVIRONMENT: "development",
    GRAINCHAIN_CALLBACK_SECRET: "callback secret",
    CLOUDFLARE_WORKER_URL: "https://gateway.test",
    GRAINCHAIN_API_URL: GRAINCHAIN_URL,
    GITHUB_API_URL: GITHUB_URL,
    GITHUB_APP_ID: "1",
    GITHUB_APP_PRIVATE_KEY: PRIVATE_KEY,
    RECONCILE_HOOKS: "",
  });
  const fetcher: typeof fetch = async (input, init) =>
    String(input).startsWith(GRAINCHAIN_URL)
      ? answerAsGrainchain(sent, String(input), init)
      : answerAsGitHub(sent, String(input), init);
  const now = () => new Date();
  const calls = new CallCounts();
  const deps: ConsumerDeps = {
    config,
    github: githubOf(config, fetcher, now, calls),
    permissions: new Map(),
    db,
    work: { send } as unknown as ConsumerDeps["work"],
    log: createLog({ debug: false, write: () => {}, observe: exceptEffects(() => void sent.dataPoints++) }),
    fetch: fetcher,
    now,
    random: Math.random,
    newId: () => randomUUID(),
    budgets: unlimited(sent),
    isolate: { hasExpired: true },
    sentinel: { heard: async () => {}, answered: async () => {} },
    calls,
  };
  /** Of one invocation. */
  const consumer = () => createConsumer(deps);
  return { sent, wakeUps, deps, consumer };
}
export type World = ReturnType<typeof createWorld>;

/** A batch of a queue. A message that is not taken ends the benchmark. */
export const batchOf = (bodies: readonly unknown[]): MessageBatch<unknown> =>
  ({
    queue: "bench",
    messages: bodies.map((body) => ({
      id: randomUUID(),
      body,
      attempts: 1,
      timestamp: new Date(),
      ack: () => {},
      retry: () => {
        throw new Error("a message was not taken");
      },
    })),
  }) as unknown as MessageBatch<unknown>;

function answerAsGrainchain(sent: Sent, url: string, init?: RequestInit): Response {
  sent.grainchainCalls++;
  if (init?.method !== "POST") return Response.json({ validation_id: "x", status: "running" });
  const { requests } = JSON.parse(String(init.body)) as { requests: { client_request_id: string }[] };
  const results = requests.map(({ client_request_id }) => ({
    client_request_id,
    success: true,
    message: "",
    validation_id: `grain-${client_request_id}`,
    status: "pending",
  }));
  return url.endsWith("/trigger-batch") ? Response.json({ results }) : Response.json(results[0]);
}

function answerAsGitHub(sent: Sent, url: string, init?: RequestInit): Response {
  sent.githubCalls++;
  if (url.endsWith("/access_tokens")) {
    const expires_at = new Date(Date.now() + 3_600_000).toISOString();
    return Response.json({ token: "token", expires_at }, { status: 201 });
  }
  if (url.endsWith("/installation")) return Response.json({ id: 1 });
  if (init?.method === "POST") sent.githubCreates++;
  return Response.json({ id: sent.githubCalls }, { status: init?.method === "POST" ? 201 : 200 });
}

/** Budgets that are never spent. */
const unlimited = (sent: Sent): Budgets => ({
  take: async (_name, _lease, wanted) => {
    sent.budgetCalls++;
    return { granted: wanted.map(() => true), retryAtMs: null };
  },
  settle: async () => {
    sent.budgetCalls++;
  },
});
