/** Sends requests to GitHub within the budgets of their credentials. */
import { errorText, type Log } from "@webhook-gateway/shared/log.ts";
import pLimit from "p-limit";
import type { Grant, Wanted } from "./budget.ts";
import { type Credential, credentialName, GITHUB_TIMEOUT_MS } from "./github.ts";

/** The Durable Objects, as their callers see them. */
export interface Budgets {
  take(
    name: string,
    lease: { readonly id: string; readonly leaseMs: number },
    wanted: readonly Wanted[],
    nowMs: number,
  ): Promise<Grant>;
  settle(name: string, leaseId: string, limitedUntilMs: number | null): Promise<void>;
}

export interface SendDeps {
  readonly budgets: Budgets;
  readonly log: Log;
  readonly now: () => Date;
  readonly newId: () => string;
}

/** Something to send. */
export interface Sending<Result> {
  readonly credential: Credential;
  readonly wanted: Wanted;
  readonly perform: () => Promise<Result>;
}

/** Not sent: the credential's budget is spent until then. */
export interface Refused {
  readonly refusedUntilMs: number;
}

/** A Worker may hold 6 connections open (docs 2026-11). */
const CALLS_AT_ONCE = 5;
/** A request can be made twice (a token that ended early), and has a lookup before it. */
const LEASE_MS = 4 * GITHUB_TIMEOUT_MS;
/** Where the budget itself cannot be asked. */
const NO_BUDGET_MS = 10_000;

/**
 * Sends what the budgets allow, the first ones first.
 * @param limitOf when GitHub may be asked again, where a result says that it does not want to be
 * @returns one for each, in their order
 */
export async function sendWithinBudgets<Result extends object>(
  deps: SendDeps,
  sendings: readonly Sending<Result>[],
  limitOf: (result: Result) => number | undefined,
): Promise<readonly (Result | Refused)[]> {
  const byCredential = Map.groupBy(sendings, ({ credential }) => credentialName(credential));
  const results = new Map<Sending<Result>, Result | Refused>();
  const atOnce = pLimit(CALLS_AT_ONCE);
  await Promise.all(
    [...byCredential].map(async ([name, group]) => {
      const lease = { id: deps.newId(), leaseMs: LEASE_MS };
      const grant = await ask(deps, name, lease, group);
      let limitedUntilMs: number | null = null;
      await Promise.all(
        group.map(async (sending, index) => {
          const refusedUntilMs = grant.retryAtMs ?? deps.now().getTime() + NO_BUDGET_MS;
          if (grant.granted[index] !== true) return void results.set(sending, { refusedUntilMs });
          const result = await atOnce(async () =>
            // What one request was told holds for those behind it.
            limitedUntilMs === null ? sending.perform() : { refusedUntilMs: limitedUntilMs },
          );
          const untilMs = "refusedUntilMs" in result ? undefined : limitOf(result);
          if (untilMs !== undefined) limitedUntilMs = Math.max(limitedUntilMs ?? 0, untilMs);
          results.set(sending, result);
        }),
      );
      await deps.budgets.settle(name, lease.id, limitedUntilMs).catch((thrown: unknown) => {
        // Its lease runs out.
        deps.log.warn("budget.unsettled", { credential: name, error: errorText(thrown) });
      });
    }),
  );
  return sendings.map(
    (sending) => results.get(sending) ?? { refusedUntilMs: deps.now().getTime() + NO_BUDGET_MS },
  );
}

async function ask<Result>(
  deps: SendDeps,
  name: string,
  lease: { readonly id: string; readonly leaseMs: number },
  group: readonly Sending<Result>[],
): Promise<Grant> {
  const nowMs = deps.now().getTime();
  try {
    return await deps.budgets.take(
      name,
      lease,
      group.map(({ wanted }) => wanted),
      nowMs,
    );
  } catch (thrown) {
    deps.log.warn("budget.unknown", { credential: name, error: errorText(thrown) });
    return { granted: group.map(() => false), retryAtMs: nowMs + NO_BUDGET_MS };
  }
}
