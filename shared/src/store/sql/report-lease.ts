/** Leases of reports: one row for those that a claim is posting. There are few rows at any time. */

/** A query for the reports under any lease. */
export const LEASED_REPORTS = `
  SELECT k.value FROM report_leases l CROSS JOIN json_each(l.reports) k`;

/** The same of one lease. @param id expression */
export const reportsUnder = (id: string): string => `${LEASED_REPORTS} WHERE l.id = ${id}`;
