/** Dead letters: what could not be recorded, dispatched or reported, with all that a replay needs. */
import type { Fact } from "@webhook-gateway/shared/messages/fact.ts";
import type { DeadLetter } from "@webhook-gateway/shared/store/rows.ts";
import { isOutage } from "@webhook-gateway/shared/store/unavailable.ts";
import { commit } from "@webhook-gateway/shared/store/write/commit.ts";
import { errorText, type Log } from "@webhook-gateway/shared/telemetry/log.ts";
import { cutText } from "@webhook-gateway/shared/text/text.ts";
import { byHalves } from "../effects/by-halves.ts";
import { readFact } from "./read-fact.ts";
import type { IncomingMessage, Verdict } from "./settle.ts";

/** The size of a message (https://developers.cloudflare.com/queues/platform/limits/): an unreadable one is kept whole. */
const MAX_BODY_BYTES = 128_000;

/** A message that is not a fact. */
export function unreadableDeadLetter(message: IncomingMessage): DeadLetter {
  return {
    id: `fact-${message.id}`,
    kind: "fact",
    class: "unreadable",
    error: "the message is not a fact of a version that this gateway knows",
    attempts: message.attempts,
    first_at: message.timestamp.toISOString(),
    repository: null,
    delivery_id: null,
    validation_id: null,
    body: bodyText(message.body),
  };
}

/** Writes the dead-letter queue's messages to D1. While D1 is down they stay in the queue. */
export async function recordDeadLetters(
  deps: { readonly db: D1Database; readonly log: Log; readonly now: () => Date },
  messages: readonly IncomingMessage[],
): Promise<readonly Verdict[]> {
  const { db, log } = deps;
  const dead = await Promise.all(
    messages.map(async (message) => unrecordedDeadLetter(message, await readFact(message.body))),
  );
  return byHalves(dead, async (part): Promise<readonly Verdict[] | "split"> => {
    try {
      const deadLetters = part.map((row) => ({ kind: "deadLetter", row }) as const);
      await commit(db, deps.now().toISOString(), deadLetters);
    } catch (thrown) {
      log.error("dead-letters.failed", { messages: part.length, error: errorText(thrown) });
      // Together they may be too large for D1, or one of them is refused.
      return part.length === 1 || isOutage(thrown) ? part.map(() => "retry") : "split";
    }
    log.error("dead-letters.recorded", { messages: part.length });
    return part.map(() => "ack");
  });
}

/** A fact whose recording failed until the queue gave up. */
function unrecordedDeadLetter(message: IncomingMessage, fact: Fact | undefined): DeadLetter {
  if (fact === undefined) return unreadableDeadLetter(message);
  return {
    id: `fact-${fact.id}`,
    kind: "fact",
    class: "unrecorded",
    error: "could not be recorded in D1 before the queue's retries were used up",
    attempts: message.attempts,
    first_at: fact.received_at,
    repository: repositoryOf(fact),
    delivery_id: fact.kind === "delivery" ? fact.id : null,
    validation_id: "validation_id" in fact ? fact.validation_id : null,
    body: JSON.stringify(fact),
  };
}

function repositoryOf(fact: Fact): string | null {
  if (fact.kind === "delivery") return fact.repository?.full_name ?? null;
  return fact.kind === "callback" ? fact.project_id : null;
}

/** An unreadable body is kept, so that a person can see what it was, and a newer version can read it. */
function bodyText(body: unknown): string | null {
  try {
    const json: string | undefined = JSON.stringify(body);
    return json === undefined ? null : cutText(json, MAX_BODY_BYTES);
  } catch {
    return null; // It has no JSON form: a big integer, a cycle.
  }
}
