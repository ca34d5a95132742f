/** What a check found. */

export type FindingStatus = "ok" | "warn" | "fail";

export interface Finding {
  readonly check: string;
  readonly status: FindingStatus;
  /** Holds nothing secret. */
  readonly what: string;
  /** What to do about it; null if there is nothing to do. */
  readonly fix: string | null;
}

export const ok = (check: string, what: string): Finding => ({ check, status: "ok", what, fix: null });

export const warn = (check: string, what: string, fix: string | null): Finding => ({
  check,
  status: "warn",
  what,
  fix,
});

export const fail = (check: string, what: string, fix: string): Finding => ({
  check,
  status: "fail",
  what,
  fix,
});

/** The check could not be made. */
export const skipped = (check: string, why: string, fix: string | null = null): Finding =>
  warn(check, `not checked: ${why}`, fix);

/** One or more findings, or false for none. */
type Maybe = Finding | readonly Finding[] | false;

export const collect = (...found: readonly Maybe[]): Finding[] =>
  found.flat().filter((finding): finding is Finding => finding !== false);

/** The problems that were found, or else what is well. */
export function problemsOr(good: Finding, ...found: readonly Maybe[]): Finding[] {
  const problems = collect(...found);
  return problems.length > 0 ? problems : [good];
}
