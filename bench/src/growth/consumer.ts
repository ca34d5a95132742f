/** The consumer's own modules over a metered D1, with a Grainchain and a GitHub that take everything at once. */
import { randomUUID } from "node:crypto";
import type { D1Database } from "@cloudflare/workers-types";
import { createGitHub } from "@webhook-gateway/shared/github/client.ts";
import { createLog } from "@webhook-gateway/shared/telemetry/log.ts";
import { type DispatchDeps, dispatchDue } from "../../../consumer/src/dispatch/dispatch.ts";
import { createGrainchain } from "../../../consumer/src/dispatch/grainchain.ts";
import { watchStale } from "../../../consumer/src/dispatch/watchdog.ts";
import { expireOld } from "../../../consumer/src/maintain/retention.ts";
import { recordBatch } from "../../../consumer/src/record/record.ts";
import { type ReportDeps, reportDue } from "../../../consumer/src/report/report.ts";
import {
  answering,
  GITHUB_URL,
  GRAINCHAIN_URL,
  NOTHING_SENT,
  newPrivateKey,
  type Sent,
  unlimitedBudgets,
} from "./peers.ts";

const LOG = createLog({ debug: false, write: () => {} });
const REQUEST_TIMEOUT_MS = 30_000;
const now = (): Date => new Date();

/** Wires them. */
export function createWorld(db: D1Database) {
  const sent: Sent = { ...NOTHING_SENT };
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
    watch: () => watchStale(watch),
    expire: () => expireOld({ ...common, config: { deliveriesDays: 14, validationsDays: 90 } }),
  };
}
export type World = ReturnType<typeof createWorld>;

const messageOf = (fact: unknown) => ({ id: randomUUID(), body: fact, attempts: 1, timestamp: now() });

function grainchainOf(sent: Sent) {
  const config = {
    apiUrl: GRAINCHAIN_URL,
    apiPrefix: "/api/v1/validation",
    apiKey: undefined,
    validationTimeoutMs: 60_000,
    maxMemory: "512MB",
    requestTimeoutMs: REQUEST_TIMEOUT_MS,
  };
  return createGrainchain(config, answering(sent), now);
}

/** As a GitHub App, which needs more calls than a token. */
const githubOf = (sent: Sent): Pick<ReportDeps, "github" | "budgets"> => ({
  github: createGitHub(
    { apiUrl: GITHUB_URL, token: undefined, appId: "1", privateKey: newPrivateKey() },
    answering(sent),
    now,
  ),
  budgets: unlimitedBudgets(sent),
});
