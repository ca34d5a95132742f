/** Which effects have something due. A wake-up is for one or two of them, and a claim that finds nothing costs as much. */
import * as v from "valibot";
import { flag } from "../flag.ts";
import { DUE_REPORTS, dueReports } from "./reports.ts";

const dueRow = v.object({
  dispatch: flag,
  cancel: flag,
  reaction: flag,
  approval: flag,
  ...dueReports.entries,
});

/** Effects that may find something if they claim now; without the others, nothing is missed. */
export type Due = v.InferOutput<typeof dueRow>;

export async function loadDue(db: D1Database, now: string): Promise<Due> {
  return v.parse(dueRow, await db.prepare(SELECT_DUE).bind(now).first());
}

/** Each looks at the first row of an index. */
const SELECT_DUE = `
  SELECT EXISTS (SELECT 1 FROM validations WHERE state = 'queued' AND due_at IS NULL)
           OR EXISTS (SELECT 1 FROM validations WHERE state = 'queued' AND due_at IS NOT NULL AND due_at <= ?1)
           OR EXISTS (SELECT 1 FROM validations WHERE lease_id IS NOT NULL AND lease_until < ?1) AS dispatch,
         EXISTS (SELECT 1 FROM cancels WHERE status = 'due' AND due_at <= ?1) AS cancel,
         EXISTS (SELECT 1 FROM reactions WHERE status = 'due') AS reaction,
         EXISTS (SELECT 1 FROM approvals WHERE status = 'due') AS approval, ${DUE_REPORTS}`;
