/** What a check found. */

export type FindingStatus = "ok" | "warn" | "fail";

export interface Finding {
  readonly check: string;
  readonly status: FindingStatus;
  /** Nothing secret. */
  readonly what: string;
  /** What to do about it; null where there is nothing to do. */
  readonly mend: string | null;
}

export const ok = (check: string, what: string): Finding => ({ check, status: "ok", what, mend: null });

export const warn = (check: string, what: string, mend: string | null): Finding => ({
  check,
  status: "warn",
  what,
  mend,
});

export const fail = (check: string, what: string, mend: string): Finding => ({
  check,
  status: "fail",
  what,
  mend,
});

/** The check could not be made. */
export const skipped = (check: string, why: string, mend: string | null = null): Finding =>
  warn(check, `not checked: ${why}`, mend);
