/** Times, as they are printed. */
import { relativeText, ageText as spanInOneUnit } from "@webhook-gateway/shared/text/duration.ts";

/** How long ago a time is, in one unit: `12s`, `3m`, `5h`, `2d`; a dash if there is none. */
export const ageText = (at: string | null, now: Date): string =>
  at === null ? "-" : spanInOneUnit(now.getTime() - Date.parse(at));

/** `2026-11-24 00:08:19Z`; a dash if there is none. */
export const utcText = (at: string | null): string =>
  at === null ? "-" : `${at.slice(0, 10)} ${at.slice(11, 19)}Z`;

/** `11-24 00:08:19.123`, for steps that follow each other quickly. */
export const momentText = (at: string): string => `${at.slice(5, 10)} ${at.slice(11, 23)}`;

/** A time with how long ago it is. */
export const utcAndAgeText = (at: string | null, now: Date): string =>
  at === null ? "-" : `${utcText(at)} (${relativeText(Date.parse(at), now.getTime())})`;
