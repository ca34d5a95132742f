/** Dead dead letters, and replays of them as an operator orders them. */
import { env } from "cloudflare:workers";
import type { DeadLetterScope } from "@webhook-gateway/shared/api/dead-letter.ts";
import type { Fact } from "@webhook-gateway/shared/messages/fact.ts";
import { invariants } from "@webhook-gateway/shared/store/maintain/invariants.ts";
import { cancelReplay, loadReplay, startReplay } from "@webhook-gateway/shared/store/maintain/replays.ts";
import { expect } from "vitest";
import { startInvocation } from "../../../test/platform/invocation.ts";
import { dispatchDue } from "../../src/dispatch/dispatch.ts";
import { recordDeadLetters } from "../../src/record/dead-letters.ts";
import type { RecordDeps } from "../../src/record/record.ts";
import type { PacedProgress } from "../../src/recover/paced.ts";
import { replayDue } from "../../src/recover/replay.ts";
import { row, rows } from "../support/database.ts";
import { freshRepository, pullRequest, second, sha } from "../support/facts.ts";
import { type Clock, createDouble, effectDeps, take } from "../support/grainchain.ts";
import { message, POLICY, record, SILENT } from "../support/recording.ts";

/** When the tests' replays are asked for. */
export const START = 4000;

export interface ReplayOptions {
  /** Seconds of the tests' hour. */
  readonly at?: number;
  readonly clock?: Clock;
  readonly db?: D1Database;
}

export function replayDeps({ at = START, clock, db = env.DB }: ReplayOptions = {}): RecordDeps {
  const nowMs = Date.parse(second(at));
  const limited = startInvocation().database(db);
  return { db: limited, policy: POLICY, log: SILENT, now: () => new Date(clock?.nowMs ?? nowMs) };
}

/** Orders a replay. @returns its id */
export async function order(
  scope: DeadLetterScope,
  options: { rate?: number; at?: number } = {},
): Promise<string> {
  const { rate = 6000, at = START } = options;
  const start = {
    id: crypto.randomUUID(),
    action: "replay",
    requestedBy: "ada",
    reason: "fixed",
    scope,
    rate,
  } as const;
  return (await startReplay(env.DB, start, second(at))).id;
}

export const step = (options: ReplayOptions = {}): Promise<PacedProgress> => replayDue(replayDeps(options));

/** Takes steps until every replay has ended. */
export async function workOff(options: ReplayOptions = {}): Promise<void> {
  const clock = { nowMs: Date.parse(second(options.at ?? START)) };
  for (let steps = 0; steps < 200; steps++) {
    const { nextAt } = await step({ ...options, clock });
    const open = await rows("SELECT id FROM replays WHERE status = 'running'");
    if (open.length === 0) return;
    clock.nowMs = Math.max(Date.parse(nextAt ?? ""), clock.nowMs) || clock.nowMs + 61_000;
  }
  throw new Error("the replay has no end");
}

/** Orders a replay, and works it off. @returns its id */
export async function replay(scope: DeadLetterScope, options: ReplayOptions = {}): Promise<string> {
  const id = await order(scope, { ...(options.at === undefined ? {} : { at: options.at }) });
  await workOff(options);
  return id;
}

export const cancel = (id: string, at = START) =>
  cancelReplay(env.DB, id, { id: crypto.randomUUID(), actor: "operator:ada" }, second(at));
export const replayOf = (id: string) => loadReplay(env.DB, id);

export interface StoredDeadLetter {
  readonly id: string;
  readonly kind: string;
  readonly status: string;
  readonly outcome: string | null;
  readonly replay_id: string | null;
  readonly closed_at: string | null;
  readonly attempts: number;
  readonly error: string;
}

export const deadLetterOf = (id: string): Promise<StoredDeadLetter> =>
  row("SELECT * FROM dead_letters WHERE id = ?1", id);

/** Dispatches what is due; what Grainchain refuses for good is dead. */
export async function dispatch(refused: (id: string) => boolean = () => false, at = 3700): Promise<string[]> {
  const double = createDouble((call) =>
    take(call, ({ client_request_id }) =>
      refused(client_request_id) ? { status: "failed", error_class: "permanent", message: "no" } : {},
    ),
  );
  await dispatchDue(effectDeps(double, { clock: { nowMs: Date.parse(second(at)) } }));
  return double.calls.flatMap(({ requests }) => requests.map((request) => request.client_request_id));
}

export type Repository = ReturnType<typeof freshRepository>;

export const idOf = (repository: Repository, number: number, head = "a", run = 1): string =>
  `${repository.id}-pr-${number}-${sha(head)}-${run}`;

/** Validations that could not be dispatched, one a pull request. @returns their ids */
export async function dead(count: number, repository = freshRepository()): Promise<string[]> {
  const numbers = Array.from({ length: count }, (_, index) => index + 1);
  for (let done = 0; done < count; done += 100) {
    const some = numbers.slice(done, done + 100);
    await record(some.map((number) => pullRequest(repository, number)("opened", "a", 1)));
    await dispatch(() => true);
  }
  return numbers.map((number) => idOf(repository, number));
}

export const deadLetterIdOf = (validationId: string): string => `dispatch-${validationId}`;

/** Facts that could not be recorded. @returns the ids of their dead letters */
export async function unrecorded(facts: readonly Fact[]): Promise<string[]> {
  const messages = facts.map((fact) => message(JSON.parse(JSON.stringify(fact)), 100));
  await recordDeadLetters(
    { db: startInvocation().database(env.DB), log: SILENT, now: () => new Date(second(3650)) },
    messages,
  );
  return facts.map(({ id }) => `fact-${id}`);
}

/** What must hold of every row, whatever happened. */
export async function expectInvariants(): Promise<void> {
  const broken = await Promise.all(
    invariants(true).map(async ({ number, rule, sql }) =>
      (await rows<{ id: string; problem: string }>(sql)).map(
        ({ id, problem }) => `${number} ${rule}: ${id}: ${problem}`,
      ),
    ),
  );
  expect(broken.flat()).toEqual([]);
}
