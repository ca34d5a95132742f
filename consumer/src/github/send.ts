/** Sends requests to GitHub within the budgets of their credentials. */

import {
  type Credential,
  credentialName,
  GITHUB_TIMEOUT_MS,
  type RateLimits,
} from "@webhook-gateway/shared/github/client.ts";
import type { GitHubLimit, GitHubQuota } from "@webhook-gateway/shared/github/failure.ts";
import { errorText, type Log } from "@webhook-gateway/shared/telemetry/log.ts";
import type { LimitFunction } from "p-limit";
import { SHARES } from "../effects/shares.ts";
import type { Cost, Grant, LeaseRequest } from "./budget.ts";

/** The Durable Objects, as their callers see them. */
export interface Budgets {
  take(name: string, lease: LeaseRequest, costs: readonly Cost[], nowMs: number): Promise<Grant>;
  settle(
    name: string,
    leaseId: string,
    limit: GitHubLimit | null,
    nowMs: number,
    quota?: GitHubQuota,
  ): Promise<void>;
}

export interface SendDeps {
  readonly budgets: Budgets;
  readonly log: Log;
  readonly now: () => Date;
  readonly newId: () => string;
  /** The requests to GitHub of one invocation, `CALLS_AT_ONCE`. */
  readonly atOnce: LimitFunction;
}

/** Something to send. */
export interface Sending<Result> {
  readonly credential: Credential;
  readonly cost: Cost;
  readonly perform: () => Promise<Result>;
}

/** Not sent before then: the credential's budget is used up, or GitHub takes too long. */
export interface Refused {
  readonly refusedUntilMs: number;
  readonly isSlow?: boolean;
}

export const refusalText = ({ isSlow = false }: Pick<Refused, "isSlow">): string =>
  isSlow ? "GitHub answers slowly" : "GitHub's rate limit is used up";

/** In one invocation. */
export const CALLS_AT_ONCE = SHARES.github;
/** A request can be made twice (a token that expired early), has a lookup before it, and may wait for others. */
const LEASE_MS = 8 * GITHUB_TIMEOUT_MS;
/** After this, a batch begins nothing more. What is left of it is claimed again. */
const MAX_SENDING_MS = 4 * GITHUB_TIMEOUT_MS;
/**
 * For a batch of effects: it may look for installations, send, and do both again. What was claimed by an invocation that was
 * cut off waits for so long.
 */
export const SENDING_LEASE_MS = 30 * GITHUB_TIMEOUT_MS;
/** When to try again if the budget cannot be asked, or GitHub answers slowly. */
const AGAIN_MS = 10_000;

/**
 * Sends what the budgets allow, the first ones first. Each credential's first request goes alone: those behind it use the
 * token that it gets, and respect the limit that it meets.
 * @param rateLimitsOf what a result says of GitHub's limits
 * @returns one for each, in their order
 */
export async function sendWithinBudgets<Result extends object>(
  deps: SendDeps,
  sendings: readonly Sending<Result>[],
  rateLimitsOf: (result: Result) => RateLimits,
): Promise<readonly (Result | Refused)[]> {
  const byCredential = Map.groupBy(sendings, ({ credential }) => credentialName(credential));
  const results = new Map<Sending<Result>, Result | Refused>();
  const lastMs = deps.now().getTime() + MAX_SENDING_MS;
  const send = (one: Sending<Result>) =>
    deps.atOnce(async () => {
      const nowMs = deps.now().getTime();
      return nowMs > lastMs ? { refusedUntilMs: nowMs + AGAIN_MS, isSlow: true } : one.perform();
    });
  await Promise.all(
    [...byCredential].map(async ([name, group]) => {
      let limit: GitHubLimit | undefined;
      for (const part of [group.slice(0, 1), ...parts(group.slice(1))]) {
        // Those behind a limit are refused, even if the limit could not be stored in the budget.
        const sent = limit === undefined ? await sendPart(deps, name, part, send, rateLimitsOf) : [];
        const refused = { refusedUntilMs: limit?.untilMs ?? deps.now().getTime() + AGAIN_MS };
        part.forEach((sending, index) => void results.set(sending, sent[index] ?? refused));
        limit ??= rateLimitsIn(sent, rateLimitsOf).limit;
      }
    }),
  );
  return sendings.flatMap((sending) => results.get(sending) ?? []);
}

/** Asks for the budget of a few requests, sends them, and stores GitHub's limit before others are sent. */
async function sendPart<Result extends object>(
  deps: SendDeps,
  name: string,
  part: readonly Sending<Result>[],
  perform: (sending: Sending<Result>) => Promise<Result | Refused>,
  rateLimitsOf: (result: Result) => RateLimits,
): Promise<readonly (Result | Refused)[]> {
  const lease = { id: deps.newId(), leaseMs: LEASE_MS };
  const grant = await ask(deps, name, lease, part);
  const refused = { refusedUntilMs: grant.retryAtMs ?? deps.now().getTime() + AGAIN_MS };
  const results = await Promise.all(
    part.map((sending, index) => (grant.granted[index] === true ? perform(sending) : refused)),
  );
  if (!grant.granted.includes(true)) return results;
  await settle(deps, name, lease.id, rateLimitsIn(results, rateLimitsOf));
  return results;
}

/** Ends a lease. If the budget cannot be informed, it will run out. */
export async function settle(
  { budgets, log, now }: Pick<SendDeps, "budgets" | "log" | "now">,
  name: string,
  leaseId: string,
  { limit, quota }: RateLimits,
): Promise<void> {
  await budgets.settle(name, leaseId, limit ?? null, now().getTime(), quota).catch((thrown: unknown) => {
    log.warn("budget.unsettled", { credential: name, error: errorText(thrown) });
  });
}

const parts = <Item>(all: readonly Item[]): Item[][] =>
  Array.from({ length: Math.ceil(all.length / CALLS_AT_ONCE) }, (_, index) =>
    all.slice(index * CALLS_AT_ONCE, (index + 1) * CALLS_AT_ONCE),
  );

/** The longest limit in GitHub's answers, and the newest quota. */
function rateLimitsIn<Result extends object>(
  results: readonly (Result | Refused)[],
  rateLimitsOf: (result: Result) => RateLimits,
): RateLimits {
  const all = results.flatMap((result) => ("refusedUntilMs" in result ? [] : rateLimitsOf(result)));
  const limits = all.flatMap(({ limit }) => limit ?? []);
  return {
    limit: limits.toSorted((a, b) => b.untilMs - a.untilMs)[0],
    quota: all.flatMap(({ quota }) => quota ?? []).at(-1),
  };
}

async function ask<Result>(
  deps: SendDeps,
  name: string,
  lease: LeaseRequest,
  group: readonly Sending<Result>[],
): Promise<Grant> {
  const nowMs = deps.now().getTime();
  try {
    return await deps.budgets.take(
      name,
      lease,
      group.map(({ cost }) => cost),
      nowMs,
    );
  } catch (thrown) {
    deps.log.warn("budget.unknown", { credential: name, error: errorText(thrown) });
    return { granted: group.map(() => false), retryAtMs: nowMs + AGAIN_MS };
  }
}
