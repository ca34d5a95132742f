/** What the consumer of one invocation is wired of. */

import type { Archive } from "@webhook-gateway/shared/archive/archive.ts";
import type { ConsumerConfig } from "@webhook-gateway/shared/config/consumer.ts";
import { runPageUrl } from "@webhook-gateway/shared/domain/capability.ts";
import { classifyStatus } from "@webhook-gateway/shared/domain/failure.ts";
import { createGitHub, type GitHub } from "@webhook-gateway/shared/github/client.ts";
import { answerClass } from "@webhook-gateway/shared/github/failure.ts";
import type { WakeUp } from "@webhook-gateway/shared/messages/wake-up.ts";
import type { Log } from "@webhook-gateway/shared/telemetry/log.ts";
import pLimit from "p-limit";
import type { DeliveryPolicy } from "./decide/context.ts";
import type { DispatchDeps } from "./dispatch/dispatch.ts";
import { createGrainchain } from "./dispatch/grainchain.ts";
import type { WatchDeps } from "./dispatch/watchdog.ts";
import { type CallCounts, countedFetch } from "./effects/call-counts.ts";
import { archiveWithin, type Watch } from "./effects/connections.ts";
import { SHARES } from "./effects/shares.ts";
import { cloudEvent } from "./events/cloud-event.ts";
import { codegenAppMessage } from "./events/codegenapp.ts";
import { eventResults } from "./events/event-results.ts";
import type { EventDeps } from "./events/send-events.ts";
import { createSink } from "./events/sink.ts";
import type { Permissions } from "./github/permission.ts";
import type { Budgets } from "./github/send.ts";
import type { AlertDeps } from "./maintain/alerts.ts";
import type { RetentionDeps } from "./maintain/retention.ts";
import type { Heartbeats } from "./maintain/sentinel.ts";
import type { ReportDeps } from "./report/report.ts";
import type { TraceDeps } from "./traces/export.ts";

/** What an isolate remembers from one invocation to the next. */
export interface IsolateState {
  /** Old rows were looked for since it started. */
  hasExpired: boolean;
}

export interface ConsumerDeps {
  readonly config: ConsumerConfig;
  readonly db: D1Database;
  /** Undefined if the environment has none. */
  readonly archive?: Archive | undefined;
  readonly work: Pick<Queue<WakeUp>, "send">;
  readonly log: Log;
  readonly fetch: typeof fetch;
  readonly now: () => Date;
  readonly random: () => number;
  readonly newId: () => string;
  readonly budgets: Budgets;
  readonly sentinel: Heartbeats;
  /** Outlives an invocation. */
  readonly calls: CallCounts;
  /** What outlives an invocation. */
  readonly isolate: IsolateState;
  /** Keeps the tokens of installations: it outlives an invocation. */
  readonly github: GitHub;
  /** The same for what GitHub says of people's permissions. */
  readonly permissions: Permissions;
}

/** GitHub under the credentials of a configuration. */
export const githubOf = (
  config: ConsumerConfig,
  fetcher: typeof fetch,
  now: () => Date,
  calls: CallCounts,
): GitHub =>
  createGitHub(
    {
      apiUrl: config.GITHUB_API_URL,
      token: config.GITHUB_TOKEN,
      appId: config.GITHUB_APP_ID,
      privateKey: config.GITHUB_APP_PRIVATE_KEY,
    },
    countedFetch(fetcher, calls, "github_calls", ({ status, headers }) =>
      answerClass(status, headers, now().getTime()),
    ),
    now,
  );

export function reportDeps(deps: ConsumerDeps): ReportDeps {
  const { budgets, config } = deps;
  const atOnce = pLimit(SHARES.github);
  return {
    ...deps,
    atOnce,
    budgets: {
      take: (...given) => atOnce(() => budgets.take(...given)),
      settle: (...given) => atOnce(() => budgets.settle(...given)),
    },
    runPageUrl: (id) => runPageUrl(config.CLOUDFLARE_WORKER_URL, config.GRAINCHAIN_CALLBACK_SECRET, id),
    reportSkipped: config.REPORT_SKIPPED,
  };
}

/** What sends events; undefined if there is no sink. @param fetcher within the sink's share */
export function eventDeps(deps: ConsumerDeps, fetcher: typeof fetch): EventDeps | undefined {
  const { config } = deps;
  const url = config.EVENTS_SINK_URL;
  if (url === undefined) return undefined;
  const source = { url: config.CLOUDFLARE_WORKER_URL, environment: config.ENVIRONMENT };
  const isCodegenApp = config.EVENTS_SINK_FORMAT === "codegenapp";
  return {
    ...deps,
    sink: createSink({ url, secret: config.EVENTS_SINK_SECRET }, fetcher, deps.now),
    messageOf: async (event) =>
      isCodegenApp
        ? codegenAppMessage(event, await eventResults(deps.archive, event))
        : cloudEvent(event, source),
    results: isCodegenApp,
  };
}

/** What exports traces; undefined if there is no collector. @param fetcher within the sink's share */
export function traceDeps(deps: ConsumerDeps, fetcher: typeof fetch): TraceDeps | undefined {
  const { OTLP_ENDPOINT: endpoint, OTLP_HEADERS: headers, ENVIRONMENT: environment } = deps.config;
  return endpoint === undefined
    ? undefined
    : { ...deps, collector: { endpoint, headers, environment }, fetch: fetcher };
}

export function effectDeps(deps: ConsumerDeps): DispatchDeps {
  const { config } = deps;
  // Large results of its answers are stored before the next question.
  const atOnce = pLimit(SHARES.grainchain);
  const grainchain = createGrainchain(
    {
      apiUrl: config.GRAINCHAIN_API_URL,
      apiPrefix: config.GRAINCHAIN_API_PREFIX,
      apiKey: config.GRAINCHAIN_API_KEY,
      validationTimeoutMs: config.GRAINCHAIN_TIMEOUT,
      maxMemory: config.GRAINCHAIN_MAX_MEMORY,
      requestTimeoutMs: config.GRAINCHAIN_REQUEST_TIMEOUT_MS,
    },
    countedFetch(deps.fetch, deps.calls, "grainchain_calls", ({ status }) => classifyStatus(status)),
    deps.now,
    atOnce,
  );
  return {
    ...deps,
    archive: archiveWithin(deps.archive, atOnce),
    grainchain,
    config: {
      callbackBaseUrl: config.CLOUDFLARE_WORKER_URL,
      callbackSecret: config.GRAINCHAIN_CALLBACK_SECRET,
      requestTimeoutMs: config.GRAINCHAIN_REQUEST_TIMEOUT_MS,
      maxConcurrent: config.GRAINCHAIN_MAX_CONCURRENT,
      maxPerRepository: config.GRAINCHAIN_MAX_CONCURRENT_PER_REPOSITORY,
      maxAttempts: config.DISPATCH_MAX_ATTEMPTS,
    },
  };
}

const DAY_MS = 86_400_000;

export const deliveryPolicy = ({ config, github }: ConsumerDeps): DeliveryPolicy => ({
  validateDrafts: config.VALIDATE_DRAFTS,
  validateForks: config.VALIDATE_FORKS,
  asksGitHub: github.mode !== "none",
  cancelSuperseded: config.CANCEL_SUPERSEDED,
  reuseResults: config.REUSE_RESULTS,
  reuseForMs: config.VALIDATIONS_RETENTION_DAYS * DAY_MS,
  githubAppId: config.GITHUB_APP_ID === undefined ? null : Number(config.GITHUB_APP_ID),
  maxAgeMs: config.VALIDATION_MAX_AGE_SECONDS * 1000,
});

export const watchDeps = (effects: DispatchDeps, config: ConsumerConfig): WatchDeps => ({
  ...effects,
  config: {
    validationTimeoutMs: config.GRAINCHAIN_TIMEOUT,
    requestTimeoutMs: config.GRAINCHAIN_REQUEST_TIMEOUT_MS,
    maxAgeMs: config.VALIDATION_MAX_AGE_SECONDS * 1000,
  },
});

export const retentionDeps = (deps: ConsumerDeps): RetentionDeps => ({
  ...deps,
  archive: archiveWithin(deps.archive, pLimit(SHARES.archive)),
  config: {
    deliveriesDays: deps.config.DELIVERIES_RETENTION_DAYS,
    // Validations are kept for at least as long as deliveries.
    validationsDays: Math.max(deps.config.VALIDATIONS_RETENTION_DAYS, deps.config.DELIVERIES_RETENTION_DAYS),
  },
});

export const alertDeps = (deps: ConsumerDeps & Watch): AlertDeps => ({
  ...deps,
  db: deps.watchDb,
  fetch: deps.alertFetch,
  thresholds: { oldestWaitingMs: deps.config.ALERT_OLDEST_WAITING_SECONDS * 1000 },
  environment: deps.config.ENVIRONMENT,
  url: deps.config.ALERT_WEBHOOK_URL,
  secret: deps.config.ALERT_WEBHOOK_SECRET,
});
