/** Death is a row: what could not be recorded, dispatched or reported, with all that a replay needs. */
import { type Fact, parseFact } from "@webhook-gateway/shared/messages/fact.ts";
import { type DeadLetter, noChanges } from "@webhook-gateway/shared/store/rows.ts";
import { isUnavailable } from "@webhook-gateway/shared/store/unavailable.ts";
import { commit } from "@webhook-gateway/shared/store/write/commit.ts";
import { errorText, type Log } from "@webhook-gateway/shared/telemetry/log.ts";
import { cutText } from "@webhook-gateway/shared/text/text.ts";
import type { IncomingMessage, Verdict } from "./settle.ts";

const MAX_BODY_BYTES = 8192;

/** A message that is no fact: nothing that is tried again could read it. */
export function unreadableLetter(message: IncomingMessage): DeadLetter {
  return {
    id: `fact-${message.id}`,
    kind: "fact",
    class: "unreadable",
    error: "the message is no fact of a version that this gateway knows",
    attempts: message.attempts,
    first_at: message.timestamp.toISOString(),
    repository: null,
    delivery_id: null,
    validation_id: null,
    body: bodyText(message.body),
  };
}

/** An effect that is given up. One letter a validation and kind: a second death replaces none. */
export function effectDeadLetter(
  kind: "dispatch" | "cancel" | "report",
  effect: Pick<DeadLetter, "attempts" | "first_at"> & {
    readonly validation_id: string;
    readonly repository?: string;
    readonly delivery_id?: string;
  },
  failure: { readonly class: string; readonly error: string },
): DeadLetter {
  return {
    id: `${kind}-${effect.validation_id}`,
    kind,
    class: failure.class,
    error: failure.error,
    attempts: effect.attempts,
    first_at: effect.first_at,
    repository: effect.repository ?? null,
    delivery_id: effect.delivery_id ?? null,
    validation_id: effect.validation_id,
    body: null,
  };
}

/** Writes the dead-letter queue's messages to D1. While D1 is down they stay in the queue. */
export async function recordDeadLetters(
  deps: { readonly db: D1Database; readonly log: Log; readonly now: () => Date },
  messages: readonly IncomingMessage[],
): Promise<Verdict[]> {
  const now = deps.now().toISOString();
  const deadLetters = messages.map((message) => unrecordedLetter(message));
  try {
    await commit(deps.db, { ...noChanges(now), deadLetters });
  } catch (thrown) {
    deps.log.error("dead-letters.failed", { messages: messages.length, error: errorText(thrown) });
    if (messages.length === 1 || isUnavailable(thrown)) return messages.map(() => "retry");
    // Together they may be too large for D1, or one of them refused: halve until it stands alone.
    const middle = Math.ceil(messages.length / 2);
    const left = await recordDeadLetters(deps, messages.slice(0, middle));
    const right = await recordDeadLetters(deps, messages.slice(middle));
    return [...left, ...right];
  }
  deps.log.error("dead-letters.recorded", { messages: messages.length });
  return messages.map(() => "ack");
}

/** A fact whose recording failed until the queue gave it up. */
function unrecordedLetter(message: IncomingMessage): DeadLetter {
  const fact = parseFact(message.body);
  if (fact === undefined) return unreadableLetter(message);
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

/** An unreadable body is kept, cut to 8 KiB, so that a person can tell what it was. */
function bodyText(body: unknown): string | null {
  try {
    const json: string | undefined = JSON.stringify(body);
    return json === undefined ? null : cutText(json, MAX_BODY_BYTES);
  } catch {
    return null; // It has no form in JSON: a big integer, a cycle.
  }
}
