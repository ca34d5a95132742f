/** The consumer's own modules over a metered D1, with a Grainchain and a GitHub that take everything at once. */
import { generateKeyPairSync, randomUUID } from "node:crypto";
import type { D1Database } from "@cloudflare/workers-types";
import { createLog } from "@webhook-gateway/shared/log.ts";
import { type DispatchDeps, dispatchDue } from "../../../consumer/src/dispatch.ts";
import { createGitHub } from "../../../consumer/src/github.ts";
import { createGrainchain } from "../../../consumer/src/grainchain.ts";
import { recordBatch } from "../../../consumer/src/record.ts";
import { type ReportDeps, reportDue } from "../../../consumer/src/report.ts";
import { expireOld } from "../../../consumer/src/retention.ts";
import { watchSilent } from "../../../consumer/src/watchdog.ts";

/** Requests that left the consumer so far. */
export interface Sent {
  grainchain: number;
  github: number;
  /** Of those to GitHub, what creates something: a check run. */
  githubCreates: number;
  /** Calls of the Durable Object that keeps GitHub's budget. */
  budget: number;
}

const LOG = createLog({ debug: false, write: () => {} });
const REQUEST_TIMEOUT_MS = 30_000;
const now = (): Date => new Date();

/** Wires them. */
export function createWorld(db: D1Database) {
  const sent: Sent = { grainchain: 0, github: 0, githubCreates: 0, budget: 0 };
  const common = { db, log: LOG, now, random: Math.random, newId: () => randomUUID() };
  const dispatch: DispatchDeps = {
    ...common,
    grainchain: grainchainOf(sent),
    config: {
      callbackBaseUrl: "https://gateway.test",
      callbackSecret: "callback secret",
      requestTimeoutMs: REQUEST_TIMEOUT_MS,
      maxConcurrent: 0,
      maxAttempts: 8,
    },
  };
  const report: ReportDeps = { ...common, ...githubOf(sent), publicUrl: "https://gateway.test" };
  const policy = { validateDrafts: true, cancelSuperseded: true, githubAppId: 1 };
  const watch = {
    ...common,
    grainchain: dispatch.grainchain,
    config: { validationTimeoutMs: 60_000, requestTimeoutMs: REQUEST_TIMEOUT_MS, maxAgeMs: 6 * 3_600_000 },
  };
  return {
    sent,
    record: (facts: readonly unknown[]) =>
      recordBatch({ ...common, policy }, facts.map(messageOf)).then(({ verdicts }) => {
        if (verdicts.includes("retry")) throw new Error("a batch was not recorded");
      }),
    dispatch: () => dispatchDue(dispatch),
    report: () => reportDue(report),
    watch: () => watchSilent(watch),
    expire: () => expireOld({ ...common, config: { deliveriesDays: 14, validationsDays: 90 } }),
  };
}
export type World = ReturnType<typeof createWorld>;

const messageOf = (fact: unknown) => ({ id: randomUUID(), body: fact, attempts: 1, timestamp: now() });

function grainchainOf(sent: Sent) {
  const config = {
    apiUrl: "https://grainchain.test",
    apiPrefix: "/api/v1/validation",
    apiKey: undefined,
    validationTimeoutMs: 60_000,
    maxMemory: "512MB",
    requestTimeoutMs: REQUEST_TIMEOUT_MS,
  };
  const answer: typeof fetch = async (input, init) => {
    sent.grainchain++;
    if (init?.method !== "POST") return Response.json({ validation_id: "x", status: "running" });
    const { requests } = JSON.parse(String(init.body)) as { requests: { client_request_id: string }[] };
    const results = requests.map(({ client_request_id }) => ({
      client_request_id,
      success: true,
      message: "",
      validation_id: `grain-${client_request_id}`,
      status: "pending",
    }));
    return String(input).endsWith("/trigger-batch") ? Response.json({ results }) : Response.json(results[0]);
  };
  return createGrainchain(config, answer, now);
}

/** As a GitHub App, which needs more calls than a token. */
function githubOf(sent: Sent): Pick<ReportDeps, "github" | "budgets"> {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const config = {
    apiUrl: "https://github.test",
    token: undefined,
    appId: "1",
    privateKey: String(privateKey.export({ type: "pkcs8", format: "pem" })),
  };
  const answer: typeof fetch = async (input, init) => {
    const { pathname } = new URL(String(input));
    sent.github++;
    if (pathname.endsWith("/access_tokens")) {
      const expires_at = new Date(Date.now() + 3_600_000).toISOString();
      return Response.json({ token: "token", expires_at }, { status: 201 });
    }
    if (pathname.endsWith("/installation")) return Response.json({ id: 1 });
    if (init?.method === "POST") sent.githubCreates++;
    return Response.json({ id: sent.github }, { status: init?.method === "POST" ? 201 : 200 });
  };
  return {
    github: createGitHub(config, answer, now),
    budgets: {
      take: async (_name, _lease, wanted) => {
        sent.budget++;
        return { granted: wanted.map(() => true), retryAtMs: null };
      },
      settle: async () => {
        sent.budget++;
      },
    },
  };
}
