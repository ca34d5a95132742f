/** Pauses of dispatch, as they are printed. */
import type { PauseItem } from "@webhook-gateway/shared/api/pause.ts";
import { durationText } from "@webhook-gateway/shared/text/duration.ts";
import { utcAndAgeText } from "../output/time-text.ts";

/** What is paused, since when, for how long, by whom and why. */
export function pauseText({ repository, paused_at, until, actor, reason }: PauseItem, now: Date): string {
  const left = until === null ? "" : `, ends in ${durationText(Date.parse(until) - now.getTime())}`;
  const why = reason === null ? "" : `: ${reason}`;
  return `${repository ?? "all repositories"}, since ${utcAndAgeText(paused_at, now)}${left}, by ${actor}${why}`;
}
