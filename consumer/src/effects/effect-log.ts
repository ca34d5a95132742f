/** One line for each effect, with its ids. */
import type { Log, LogFields, LogOptions } from "@webhook-gateway/shared/telemetry/log.ts";
import { cutText } from "@webhook-gateway/shared/text/text.ts";

/**
 * Effects of one invocation that always have a line. The others have one in debug mode only: a log ends at 256 KB an
 * invocation (https://developers.cloudflare.com/workers/platform/limits/#log-size), and working off a backlog must not
 * cost the lines that follow.
 */
export const MAX_EFFECT_LINES = 250;

/** An effect that waits for room, or for a limit to pass, has an error but has not failed: it is not a warning. */
const WAITS: ReadonlySet<string> = new Set(["backpressure", "limited", "refused"]);

export interface EffectLine {
  readonly fields: LogFields & { readonly class: string };
  /** It had an error, whether or not it is tried again. */
  readonly failed: boolean;
}

/** Logs effects of one kind in one invocation. @param event `report.sent` */
export function effectLines(log: Log, event: string): (line: EffectLine) => void {
  let logged = 0;
  return ({ fields, failed }) => {
    logged++;
    if (logged > MAX_EFFECT_LINES) log.debug(event, fields);
    else if (failed && !WAITS.has(fields.class)) log.warn(event, fields);
    else log.info(event, fields);
  };
}

/** An id that Grainchain gave, which may be of any length. */
export const idText = (grainchainId: string): string => cutText(grainchainId, 200);

type Observe = LogOptions["observe"];

/**
 * Effects are counted by their batch's line: Analytics Engine takes 250 data points an invocation
 * (https://developers.cloudflare.com/analytics/analytics-engine/limits/).
 */
export function exceptEffects(observe: Observe): Observe {
  if (observe === undefined) return undefined;
  return (level, event, fields) => {
    if (!event.endsWith(".sent")) observe(level, event, fields);
  };
}
