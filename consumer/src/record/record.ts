/**
 * Recording: a batch of facts becomes one D1 transaction. It decides and never calls anything outside; what it
 * decides to do stands in D1 as effects that are due.
 */
import { type Fact, parseFact } from "@webhook-gateway/shared/messages/fact.ts";
import { isUnavailable } from "@webhook-gateway/shared/store/unavailable.ts";
import { commit } from "@webhook-gateway/shared/store/write/commit.ts";
import { loadSnapshot } from "@webhook-gateway/shared/store/write/snapshot.ts";
import { errorText, type Log } from "@webhook-gateway/shared/telemetry/log.ts";
import { tally } from "@webhook-gateway/shared/telemetry/tally.ts";
import { decideCallback } from "../decide/callback.ts";
import type { DeliveryPolicy } from "../decide/context.ts";
import { decideDelivery } from "../decide/delivery.ts";
import { decideOrder } from "../decide/operator-command.ts";
import { Draft } from "./change-set.ts";
import { unreadableLetter } from "./dead-letters.ts";
import { logRecorded } from "./fact-log.ts";
import { logFinished } from "./finish-log.ts";
import type { IncomingMessage, Verdict } from "./settle.ts";

export interface RecordDeps {
  readonly db: D1Database;
  readonly policy: DeliveryPolicy;
  readonly log: Log;
  readonly now: () => Date;
}

export interface Recorded {
  readonly verdicts: readonly Verdict[];
  /** Something was written: there may be effects to perform. */
  readonly changed: boolean;
  /** An operator has asked for something. */
  readonly requested: boolean;
}

/** One message that could not be recorded. */
const NOT_YET: Recorded = { verdicts: ["retry"], changed: false, requested: false };

/** Decisions made again after a concurrent change, before the batch is left to a later delivery. */
const MAX_CONFLICTS = 8;

interface ReadMessage {
  readonly message: IncomingMessage;
  readonly fact: Fact | undefined;
}

/**
 * Records deliveries that were fetched instead of received.
 * @throws where D1 does not take them
 */
export async function recordFacts(deps: RecordDeps, facts: readonly Fact[]): Promise<void> {
  const read = facts.map((fact) => ({ message: FETCHED, fact }));
  const recorded = await recordAll(deps, read);
  if (recorded?.verdicts.every((verdict) => verdict === "ack") === true) return;
  throw new Error("what was fetched could not be recorded");
}

/** Stands for the message that never came. */
const FETCHED: IncomingMessage = { id: "fetched", body: null, attempts: 1, timestamp: new Date(0) };

/** Records a batch. Never throws: each message has its verdict. */
export async function recordBatch(deps: RecordDeps, messages: readonly IncomingMessage[]): Promise<Recorded> {
  const read = messages.map((message) => ({ message, fact: parseFact(message.body) }));
  const recorded = await recordAll(deps, read);
  if (recorded !== undefined) return recorded;
  // Something in the batch cannot be written. Alone, each message shows whether it is the one.
  if (read.length === 1) return NOT_YET;
  const alone: Recorded[] = [];
  for (const one of read) alone.push((await recordAll(deps, [one])) ?? NOT_YET);
  return {
    verdicts: alone.flatMap((r) => r.verdicts),
    changed: alone.some((r) => r.changed),
    requested: alone.some((r) => r.requested),
  };
}

/** Undefined where the transaction failed for a reason that trying one message at a time may get around. */
async function recordAll(deps: RecordDeps, read: readonly ReadMessage[]): Promise<Recorded | undefined> {
  const retryAll: Recorded = { ...NOT_YET, verdicts: read.map(() => "retry") };
  for (let attempt = 0; attempt < MAX_CONFLICTS; attempt++) {
    try {
      const recorded = await recordOnce(deps, read);
      if (recorded !== "conflict") return recorded;
    } catch (thrown) {
      deps.log.error("record.failed", { messages: read.length, attempt, error: errorText(thrown) });
      return isUnavailable(thrown) ? retryAll : undefined;
    }
  }
  deps.log.warn("record.conflicts", { messages: read.length });
  return retryAll;
}

async function recordOnce(deps: RecordDeps, read: readonly ReadMessage[]): Promise<Recorded | "conflict"> {
  const { db, policy, log } = deps;
  const startedAt = deps.now();
  const now = startedAt.toISOString();
  const facts = read.flatMap(({ fact }) => (fact === undefined ? [] : [fact]));
  const snapshot = await loadSnapshot(db, facts);
  const draft = new Draft(now, snapshot);
  const done = new Set(snapshot.recorded);
  const repeated = new Set<Fact>();
  const verdicts = read.map(({ message, fact }): Verdict => {
    if (fact === undefined) {
      draft.addDeadLetter(unreadableLetter(message));
      return "ack";
    }
    if (done.has(fact.id)) repeated.add(fact);
    else decideFact(draft, fact, policy);
    done.add(fact.id);
    return "ack";
  });
  const changes = draft.changes();
  if ((await commit(db, changes)) === "conflict") return "conflict";
  logRecorded(log, facts, repeated, changes);
  logFinished(log, changes);
  for (const { id, validation_id, reason } of changes.dropped) {
    log.warn("callback.dropped", { callback_id: id, validation_id, reason });
  }
  log.info("record.batch", {
    messages: read.length,
    duration_ms: deps.now().getTime() - startedAt.getTime(),
    deliveries: changes.deliveries.length,
    validations: changes.validations.length,
    transitions: changes.timeline.length,
    repeated: repeated.size,
    unreadable: changes.deadLetters.length,
    unmatched: changes.unmatched.length,
    dropped: changes.dropped.length,
    ...tally(changes.deliveries.map(({ outcome }) => outcome)),
  });
  return {
    verdicts,
    changed:
      changes.validations.length + changes.heads.length + changes.cancels.length + changes.reactions.length >
      0,
    requested: facts.some(({ kind }) => kind === "request"),
  };
}

/**
 * Decides a fact that was not recorded before.
 * @returns what came of it, for a person
 */
export function decideFact(draft: Draft, fact: Fact, policy: DeliveryPolicy): string {
  switch (fact.kind) {
    case "delivery":
      return `recorded: ${decideDelivery(draft, fact, policy)}`;
    case "callback":
      return decideCallback(draft, fact);
    case "order":
      decideOrder(draft, fact, policy);
      break;
    case "request": // It stands in D1 already.
  }
  return "recorded";
}
