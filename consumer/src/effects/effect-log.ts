/** One line for each effect, with its ids. */
import type { Log, LogFields, LogOptions } from "@webhook-gateway/shared/telemetry/log.ts";
import { cutText } from "@webhook-gateway/shared/text/text.ts";

const EFFECTS = ["dispatch.sent", "report.sent", "cancel.sent", "reaction.sent"] as const;

/**
 * Of the effects of one invocation, so many have their line always, and the others in debug mode: a log ends at 256 KB an
 * invocation (Workers changelog, 2025-04-07), and working off a backlog must not cost the lines that come after it.
 */
export const MAX_EFFECT_LINES = 250;

/** What waits for room, or for a limit to pass, has an error and has not failed: it is no warning. */
const WAITS: ReadonlySet<string> = new Set(["backpressure", "limited", "refused"]);

/** Writes the line of one effect. @param failed it had an error, whether or not it is tried again */
export type SayEffect = (fields: LogFields & { readonly class: string }, failed: boolean) => void;

/** For the effects of one kind in one invocation. */
export function effectLines(log: Log, event: (typeof EFFECTS)[number]): SayEffect {
  let said = 0;
  return (fields, failed) => {
    said++;
    if (said > MAX_EFFECT_LINES) log.debug(event, fields);
    else if (failed && !WAITS.has(fields.class)) log.warn(event, fields);
    else log.info(event, fields);
  };
}

/** An id that Grainchain gave, which may be of any length. */
export const idText = (grainchainId: string): string => cutText(grainchainId, 200);

type Observe = LogOptions["observe"];

/** Effects are counted by their batch's line: Analytics Engine takes 250 data points an invocation (docs 2026-11). */
export function exceptEffects(observe: Observe): Observe {
  if (observe === undefined) return undefined;
  const effects: ReadonlySet<string> = new Set(EFFECTS);
  return (level, event, fields) => {
    if (!effects.has(event)) observe(level, event, fields);
  };
}
