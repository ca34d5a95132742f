import { env } from "cloudflare:workers";
import type { Fact } from "@webhook-gateway/shared/messages/fact.ts";
import { recountTallies } from "@webhook-gateway/shared/store/tallies.ts";
import type { Emits } from "@webhook-gateway/shared/store/write/commit.ts";
import { createLog, type Log } from "@webhook-gateway/shared/telemetry/log.ts";
import { expect } from "vitest";
import { startInvocation } from "../../../test/platform/invocation.ts";
import type { DeliveryPolicy } from "../../src/decide/context.ts";
import { type RecordedBatch, recordBatch } from "../../src/record/record.ts";
import type { IncomingMessage } from "../../src/record/settle.ts";
import { row, rows } from "./database.ts";
import { second } from "./facts.ts";

export const POLICY: DeliveryPolicy = {
  validateDrafts: true,
  validateForks: "approval",
  asksGitHub: true,
  cancelSuperseded: true,
  reuseResults: true,
  reuseForMs: 90 * 86_400_000,
  githubAppId: 77,
  maxAgeMs: Number.POSITIVE_INFINITY,
};

export const SILENT: Log = createLog({ debug: false, write: () => {} });

export interface Recording {
  readonly policy?: Partial<DeliveryPolicy>;
  readonly db?: D1Database;
  readonly now?: () => Date;
  readonly log?: Log;
  readonly emits?: Emits;
}

export const message = (body: unknown, attempts = 1): IncomingMessage => ({
  id: crypto.randomUUID(),
  body,
  attempts,
  timestamp: new Date(second(0)),
});

/** Records facts as one batch of messages, in an invocation of its own; they go through JSON, as on the queue. */
export function record(facts: readonly Fact[], options: Recording = {}): Promise<RecordedBatch> {
  const { db = env.DB, policy, now = () => new Date(second(3600)), log = SILENT, emits } = options;
  const messages = facts.map((fact) => message(JSON.parse(JSON.stringify(fact))));
  const limited = startInvocation().database(db);
  return recordBatch({ db: limited, policy: { ...POLICY, ...policy }, log, now, emits }, messages);
}

/** Records facts, and again what is to be retried, as the queue does. */
export async function recordUntilAcked(facts: readonly Fact[], options: Recording = {}): Promise<void> {
  let left = facts;
  for (let attempt = 0; attempt < 50 && left.length > 0; attempt++) {
    const { verdicts } = await record(left, options);
    left = left.filter((_, index) => verdicts[index] !== "ack");
  }
  expect(left).toEqual([]);
}

/** Records facts one after the other, each in a batch of its own. */
export async function recordEach(facts: readonly Fact[], options: Recording = {}): Promise<void> {
  for (const fact of facts) await recordUntilAcked([fact], options);
}

export interface Delivery {
  readonly id: string;
  readonly event: string;
  readonly action: string | null;
  readonly outcome: string;
  readonly reason: string | null;
  readonly validation_id: string | null;
}

export const deliveryOf = (fact: Fact): Promise<Delivery> =>
  row("SELECT id, event, action, outcome, reason, validation_id FROM deliveries WHERE id = ?1", fact.id);

/** The outcomes of deliveries, in the order of the facts. */
export const outcomesOf = (facts: readonly Fact[]): Promise<string[]> =>
  Promise.all(facts.map(async (fact) => (await deliveryOf(fact)).outcome));

export interface StoredValidation {
  readonly id: string;
  readonly repository_id: number;
  readonly subject: string;
  readonly head_sha: string;
  readonly base_sha: string;
  readonly run: number;
  readonly cause: string;
  readonly state: string;
  readonly conclusion: string | null;
  readonly attempts: number;
  readonly lane: number;
  readonly turn: number;
  readonly due_at: string | null;
  readonly lease_id: string | null;
  readonly grainchain_id: string | null;
  readonly error: string | null;
  readonly results: string | null;
  readonly pr_number: number;
  readonly started_at: string | null;
  readonly finished_at: string | null;
  readonly heard_at: string | null;
}

/** A repository's validations, oldest first. */
export const validationsOf = (repository: { readonly id: number }): Promise<StoredValidation[]> =>
  rows("SELECT * FROM validations WHERE repository_id = ?1 ORDER BY rowid", repository.id);

export const validationOf = (id: string): Promise<StoredValidation> =>
  row("SELECT * FROM validations WHERE id = ?1", id);

export interface Transition {
  readonly from_state: string | null;
  readonly to_state: string;
  readonly reason: string;
  readonly delivery_id: string | null;
  readonly results: string | null;
}

export const timelineOf = (validationId: string): Promise<Transition[]> =>
  rows(
    "SELECT from_state, to_state, reason, delivery_id, results FROM timeline WHERE validation_id = ?1 ORDER BY id",
    validationId,
  );

/** Sets columns of a validation, as if it had come there on its own way. */
export async function setValidation(
  id: string,
  columns: Readonly<Record<string, string | number | null>>,
): Promise<void> {
  const { state } = columns;
  if (state !== undefined) {
    const isAtGrainchain = state === "pending" || state === "running";
    await setValidation(id, { watch_from: isAtGrainchain ? (columns.heard_at ?? second(3600)) : null });
  }
  const names = Object.keys(columns);
  const sets = names.map((name, index) => `${name} = ?${index + 2}`).join(", ");
  await env.DB.prepare(`UPDATE validations SET ${sets}, version = version + 1 WHERE id = ?1`)
    .bind(id, ...Object.values(columns))
    .run();
  await recountTallies(env.DB);
}
