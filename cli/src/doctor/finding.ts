/** What a check found. */

export type FindingStatus = "ok" | "warn" | "fail";

/** Has the name of the check that found it, unless it names another one. */
export interface Report {
  readonly check?: string;
  readonly status: FindingStatus;
  /** Holds nothing secret. */
  readonly what: string;
  /** What to do about it; null if there is nothing to do. */
  readonly fix: string | null;
}

export type Finding = Required<Report>;

export const ok = (what: string): Report => ({ status: "ok", what, fix: null });

export const warn = (what: string, fix: string | null): Report => ({ status: "warn", what, fix });

export const fail = (what: string, fix: string): Report => ({ status: "fail", what, fix });

/** The check could not be made. */
export const skipped = (why: string, fix: string | null = null): Report => warn(`not checked: ${why}`, fix);

/** Under another name than that of the check. */
export const named = (check: string, found: Report): Report => ({ ...found, check });

/** One or more findings, or false for none. */
type Maybe = Report | readonly Report[] | false;

export const collect = (...found: readonly Maybe[]): Report[] =>
  found.flat().filter((finding): finding is Report => finding !== false);

/** The problems that were found, or else what is well. */
export function problemsOr(good: Report, ...found: readonly Maybe[]): Report[] {
  const problems = collect(...found);
  return problems.length > 0 ? problems : [good];
}
