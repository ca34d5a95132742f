/**
 * How much may be created under one credential. GitHub documents 80 a minute and 500 an hour "in general", and not what
 * binds check runs. So more is tried while GitHub does not object, and half after it did. Pure.
 */
import type { BudgetPolicy } from "@webhook-gateway/shared/config/consumer.ts";

export interface Pace {
  readonly createsPerMinute: number;
  readonly createsPerHour: number;
  /** Not raised before, in milliseconds since the epoch. */
  readonly raiseAtMs: number;
}

/**
 * What GitHub documents
 * (https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits).
 */
export const DOCUMENTED = { createsPerMinute: 80, createsPerHour: 500 } as const;

const MINUTE_MS = 60_000;

/** How the pace is raised: by a step a minute of need, from the documented limits to a ceiling. */
export const RAISE = { createsPerMinute: 10, createsPerHour: 250, everyMs: MINUTE_MS } as const;

/**
 * What other limits allow: 900 points a minute at 5 a request, and the 5,000 requests an hour that an installation has at
 * least (https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#primary-rate-limit-for-github-app-installations).
 */
export const CEILING = { createsPerMinute: 180, createsPerHour: 5000 } as const;

/** Objections halve the pace, but not below this. */
export const FLOOR = { createsPerMinute: 10, createsPerHour: 60 } as const;

/** After the end of an objection, the pace is not raised for this long. */
export const CALM_MS = 10 * MINUTE_MS;

/** The pace of a credential that has sent nothing yet. */
export const firstPace = (nowMs: number): Pace => ({ ...DOCUMENTED, raiseAtMs: nowMs + RAISE.everyMs });

/** The limits of a policy; undefined: none. */
export function createLimits(
  policy: BudgetPolicy,
  pace: Pace,
): Pick<Pace, "createsPerMinute" | "createsPerHour"> | undefined {
  switch (policy) {
    case "adaptive":
      return pace;
    case "strict":
      return DOCUMENTED;
    case "off":
      return undefined;
  }
}

/** Raises what may be created, because it is needed. @returns undefined if it may not be raised now */
export function raised(pace: Pace, nowMs: number): Pace | undefined {
  if (nowMs < pace.raiseAtMs || isHighest(pace)) return undefined;
  return {
    createsPerMinute: Math.min(pace.createsPerMinute + RAISE.createsPerMinute, CEILING.createsPerMinute),
    createsPerHour: Math.min(pace.createsPerHour + RAISE.createsPerHour, CEILING.createsPerHour),
    raiseAtMs: nowMs + RAISE.everyMs,
  };
}

/** When it can be raised next, in milliseconds since the epoch; undefined: never. */
export const nextRaiseMs = (pace: Pace): number | undefined => (isHighest(pace) ? undefined : pace.raiseAtMs);

const isHighest = ({ createsPerMinute, createsPerHour }: Pace): boolean =>
  createsPerMinute >= CEILING.createsPerMinute && createsPerHour >= CEILING.createsPerHour;

/** Halves what may be created, because GitHub objected. @param untilMs GitHub must not be called before */
export const halved = (pace: Pace, untilMs: number): Pace => ({
  createsPerMinute: Math.max(Math.floor(pace.createsPerMinute / 2), FLOOR.createsPerMinute),
  createsPerHour: Math.max(Math.floor(pace.createsPerHour / 2), FLOOR.createsPerHour),
  raiseAtMs: untilMs + CALM_MS,
});
