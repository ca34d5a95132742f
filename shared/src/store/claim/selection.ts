/** The validations that a command about many is about, for its preview and for its steps. */
import type { BulkAction, ValidationScope } from "../../api/validation-scope.ts";
import type { ValidationState } from "../../domain/validation.ts";
import { type Condition, given } from "../read/page.ts";
import { loadRepositoryId } from "../repository-names.ts";
import { firstSeq } from "../sql/seq.ts";

/** What can be run again: it ended, and no newer head took its place. */
const ENDED = ["completed", "failed", "cancelled", "timed_out", "dead"] as const satisfies ValidationState[];
const LIVE = ["held", "queued", "dispatching", "pending", "running"] as const satisfies ValidationState[];
const STATES: Readonly<Record<BulkAction, readonly ValidationState[]>> = { rerun: ENDED, cancel: LIVE };

/** The validations `v` of a scope that a command can do something about. */
export interface Selection {
  readonly from: string;
  readonly where: string;
  readonly bound: readonly (string | number)[];
}

export async function selectionOf(
  db: D1Database,
  action: BulkAction,
  scope: ValidationScope,
): Promise<Selection> {
  const { ids, filter } = scope;
  const asked = filter?.state?.split(",");
  const states = STATES[action].filter((state) => asked === undefined || asked.includes(state));
  const standing: Condition = ["+v.state IN (SELECT value FROM json_each(?))", JSON.stringify(states)];
  if (ids !== undefined) {
    const from = "(SELECT DISTINCT value FROM json_each(?)) k CROSS JOIN validations v ON v.id = k.value";
    return { from, where: standing[0], bound: [JSON.stringify(ids), standing[1]] };
  }
  const repositoryId = filter?.repo === undefined ? undefined : await loadRepositoryId(db, filter.repo);
  const conditions = [
    standing,
    // No repository has this id.
    ...given("v.repository_id = ?", repositoryId === null ? -1 : repositoryId),
    ...given("+v.event = ?", filter?.event),
    ...given("+v.pr_number = ?", filter?.pr === undefined ? undefined : Number(filter.pr)),
    ...given("v.seq >= CAST(? AS INTEGER)", filter?.since && firstSeq(filter.since)),
    ...given("v.seq < CAST(? AS INTEGER)", filter?.until && firstSeq(filter.until)),
  ];
  return {
    from: "validations v",
    where: conditions.map(([sql]) => sql).join(" AND "),
    bound: conditions.map(([, value]) => value),
  };
}
