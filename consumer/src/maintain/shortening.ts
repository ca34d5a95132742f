/** How long a database that would fill up keeps its rows. Pure. */
import {
  fullPercent,
  RELAXED_PERCENT,
  SHORTENED_PERCENT,
} from "@webhook-gateway/shared/domain/database-size.ts";

/** For how many days rows are kept. */
export interface RetentionDays {
  readonly deliveriesDays: number;
  readonly validationsDays: number;
}

/** What is left of it by one step. */
const STEP = 0.9;
/** Never less: GitHub delivers again for three days, and what was seen has to be known for longer. */
const LEAST_DAYS = 4;

/** The days that a share of the configured ones leaves. */
export const daysAt = ({ deliveriesDays, validationsDays }: RetentionDays, share: number): RetentionDays => ({
  deliveriesDays: leave(deliveriesDays, share),
  validationsDays: leave(validationsDays, share),
});

const leave = (days: number, share: number): number =>
  Math.max(Math.min(days, LEAST_DAYS), Math.round(days * share * 10) / 10);

/**
 * The next share, once nothing is left to delete by this one: smaller while the database is too full, larger while it
 * has room again. Between the two sizes it stays, so that it does not go back and forth.
 */
export function nextShare(configured: RetentionDays, share: number, bytes: number): number {
  const percent = fullPercent(bytes);
  if (percent > SHORTENED_PERCENT) {
    const { deliveriesDays, validationsDays } = daysAt(configured, share);
    return Math.max(deliveriesDays, validationsDays) > LEAST_DAYS ? share * STEP : share;
  }
  return percent < RELAXED_PERCENT ? Math.min(1, share / STEP) : share;
}
