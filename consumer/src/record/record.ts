/**
 * Recording: a batch of facts becomes one D1 transaction. It decides and never calls anything outside. What it decides
 * to do is stored in D1 as effects that are due.
 */
import type { Fact } from "@webhook-gateway/shared/messages/fact.ts";
import { isOutage } from "@webhook-gateway/shared/store/unavailable.ts";
import type { Emits } from "@webhook-gateway/shared/store/write/commit.ts";
import { type Mutation, type MutationKind, rowsOf } from "@webhook-gateway/shared/store/write/mutation.ts";
import { loadSnapshot, type Snapshot } from "@webhook-gateway/shared/store/write/snapshot.ts";
import { errorText, type Log } from "@webhook-gateway/shared/telemetry/log.ts";
import { tally } from "@webhook-gateway/shared/telemetry/tally.ts";
import type { ChangeSet } from "../decide/change-set.ts";
import type { DeliveryPolicy } from "../decide/context.ts";
import { decideFact } from "../decide/fact.ts";
import { Recorded } from "../decide/recorded.ts";
import { byHalves } from "../effects/by-halves.ts";
import { decideAndCommit } from "../effects/decide-and-commit.ts";
import { hasRoom } from "../effects/queries.ts";
import { unreadableDeadLetter } from "./dead-letters.ts";
import { logRecorded } from "./fact-log.ts";
import { readFact } from "./read-fact.ts";
import type { IncomingMessage, Verdict } from "./settle.ts";

export interface RecordDeps {
  readonly db: D1Database;
  readonly policy: DeliveryPolicy;
  readonly log: Log;
  readonly now: () => Date;
  /** What is sent to other systems. */
  readonly emits?: Emits | undefined;
}

export interface RecordedBatch {
  readonly verdicts: readonly Verdict[];
  /** Something was written: there may be effects to perform. */
  readonly changed: boolean;
  /** An operator has asked for something. */
  readonly requested: boolean;
}

interface ReadMessage {
  readonly message: IncomingMessage;
  readonly fact: Fact | undefined;
}

/**
 * Records deliveries that were fetched instead of received.
 * @throws if D1 does not take them
 */
export async function recordFacts(deps: RecordDeps, facts: readonly Fact[]): Promise<void> {
  const recorded = await recordTogether(
    deps,
    facts.map((fact) => ({ message: FETCHED, fact })),
  );
  if (typeof recorded === "string") throw new Error("what was fetched could not be recorded");
}

/** Takes the place of the message that never came. */
const FETCHED: IncomingMessage = { id: "fetched", body: null, attempts: 1, timestamp: new Date(0) };

/** Records a batch. Never throws: each message has its verdict. */
export async function recordBatch(
  deps: RecordDeps,
  messages: readonly IncomingMessage[],
): Promise<RecordedBatch> {
  const read = await Promise.all(
    messages.map(async (message) => ({ message, fact: await readFact(message.body) })),
  );
  let changed = false;
  let requested = false;
  const verdicts = await byHalves(read, async (all): Promise<readonly Verdict[] | "split"> => {
    const part = all.filter((one) => !mayBecomeReadable(one));
    const verdictsOf = (verdict: Verdict) => all.map((one) => (mayBecomeReadable(one) ? "retry" : verdict));
    if (part.length === 0) return verdictsOf("retry");
    if (!hasRoom(deps.db, "record")) return verdictsOf("retry soon");
    const recorded = await recordTogether(deps, part);
    if (recorded === "refused" && part.length > 1) return "split";
    if (typeof recorded === "string") return verdictsOf(recorded === "conflict" ? "retry soon" : "retry");
    changed ||= HAVE_EFFECTS.some((kind) => rowsOf(recorded.mutations, kind).length > 0);
    requested ||= part.some(({ fact }) => fact?.kind === "request");
    return verdictsOf("ack");
  });
  return { verdicts, changed, requested };
}

/** A deployment takes minutes, in which an older consumer gets a newer producer's facts: 10 min of retries. */
const UNREADABLE_RETRIES = 7;

const mayBecomeReadable = ({ fact, message }: ReadMessage): boolean =>
  fact === undefined && message.attempts <= UNREADABLE_RETRIES;

/** Rows that effects can follow from. */
const HAVE_EFFECTS: readonly MutationKind[] = ["validation", "head", "cancel", "reaction", "approval"];

/** @returns `refused` if the transaction failed for a reason that recording fewer messages at a time may get around */
async function recordTogether(
  deps: RecordDeps,
  read: readonly ReadMessage[],
): Promise<{ readonly mutations: readonly Mutation[] } | "later" | "conflict" | "refused"> {
  const { db, log, now, policy } = deps;
  const startedMs = now().getTime();
  const facts = read.flatMap(({ fact }) => fact ?? []);
  try {
    const committed = await decideAndCommit(deps, {
      load: () => loadSnapshot(db, facts),
      decide(changes, snapshot) {
        const repeated = decideFacts(changes, facts, snapshot, policy);
        for (const { message, fact } of read) {
          if (fact === undefined) changes.add({ kind: "deadLetter", row: unreadableDeadLetter(message) });
        }
        return repeated;
      },
    });
    if (committed !== undefined) {
      logRecorded(log, facts, committed.result, committed.mutations);
      const duration_ms = now().getTime() - startedMs;
      log.info("record.batch", { messages: read.length, duration_ms, ...countsOf(committed) });
      return committed;
    }
  } catch (thrown) {
    log.error("record.failed", { messages: read.length, error: errorText(thrown) });
    return isOutage(thrown) ? "later" : "refused";
  }
  log.warn("record.conflicts", { messages: read.length });
  return "conflict";
}

/** @returns facts that were recorded before, or are in the batch twice */
function decideFacts(
  changes: ChangeSet,
  facts: readonly Fact[],
  snapshot: Snapshot,
  policy: DeliveryPolicy,
): ReadonlySet<Fact> {
  const recorded = new Recorded(snapshot);
  return new Set(facts.filter((fact) => decideFact(changes, recorded, fact, policy) === undefined));
}

function countsOf(committed: {
  readonly result: ReadonlySet<Fact>;
  readonly mutations: readonly Mutation[];
}) {
  const outcomes = tally(rowsOf(committed.mutations, "delivery").map(({ outcome }) => outcome));
  const count = (kind: MutationKind) => rowsOf(committed.mutations, kind).length;
  return {
    deliveries: count("delivery"),
    validations: count("validation"),
    transitions: count("timeline"),
    unreadable: count("deadLetter"),
    unmatched: count("unmatched"),
    dropped: count("dropped"),
    ...outcomes,
    repeated: committed.result.size + (outcomes.repeated ?? 0),
  };
}
