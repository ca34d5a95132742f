/** Writes one decision in one transaction, or nothing. */
import { ADD_METRICS, metricsOf, summed } from "../metrics.ts";
import type { DeliveryRow, TimelineEntry } from "../rows.ts";
import { REVISE_SHOWN_RUNS } from "../sql/shown-run.ts";
import { ADD_TALLIES, talliesOf } from "../tallies.ts";
import { DELETE_STORED_RESULTS, GUARD, WRITES } from "./commit-sql.ts";
import { INSERT_EVENTS, stateChangesOf } from "./event-sql.ts";
import { type Mutation, type MutationKind, rowsOf } from "./mutation.ts";
import { SET_PRIORITIES } from "./report-sql.ts";
import { endedOf, INSERT_TRACES } from "./trace-sql.ts";
import { writeValidations } from "./validation-sql.ts";

/** `conflict`: a row that the decision was made from has changed since. Decide again from fresh rows. */
export type CommitOutcome = "committed" | "conflict";

/** What is sent to other systems: it has outboxes. */
export interface Emits {
  /** State changes. */
  readonly events?: boolean;
  /** Traces of what has ended. */
  readonly traces?: boolean;
}

/**
 * Writes the mutations. The number of statements depends on which kinds of mutation there are, never on how many:
 * the rows of a kind travel as one JSON parameter.
 * @throws whatever D1 throws, other than a conflict
 */
export async function commit(
  db: D1Database,
  now: string,
  mutations: readonly Mutation[],
  emits: Emits = {},
): Promise<CommitOutcome> {
  const rows = <Kind extends MutationKind>(kind: Kind) => rowsOf(mutations, kind);
  const write = (sql: string, given: readonly object[]) =>
    given.length === 0 ? [] : [db.prepare(sql).bind(JSON.stringify(given.map((row) => ({ ...row, now }))))];
  const reports = rows("report");
  const heads = rows("head");
  const tallies = talliesOf(rows("delivery"), rows("validation"), rows("timeline"));
  const metrics = [
    ...metricsOf(now, rows("delivery"), rows("validation"), rows("timeline")),
    ...rows("metric"),
  ];
  const statements = [
    ...guard(db, rows),
    ...writeValidations(mutations).flatMap(([sql, given]) => write(sql, given)),
    ...WRITES.flatMap(([kind, sql]) =>
      write(sql, kind === "delivery" ? withMoved(rows("delivery"), rows("timeline")) : rows(kind)),
    ),
    ...(reports.length + heads.length === 0
      ? []
      : [REVISE_SHOWN_RUNS, SET_PRIORITIES].map((sql) =>
          db.prepare(sql).bind(JSON.stringify(reports), JSON.stringify(heads), now),
        )),
    ...write(ADD_TALLIES, tallies),
    ...(metrics.length === 0 ? [] : [db.prepare(ADD_METRICS).bind(JSON.stringify(summed(metrics)), now)]),
    ...write(
      INSERT_EVENTS,
      emits.events === true ? stateChangesOf(rows("validation"), rows("timeline")) : [],
    ),
    ...write(INSERT_TRACES, emits.traces === true ? endedOf(now, rows("timeline")) : []),
    ...write(
      DELETE_STORED_RESULTS,
      [...rows("results"), ...rows("timeline"), ...rows("unmatched"), ...rows("dropped")].flatMap(
        ({ results }) =>
          results !== undefined && "storedUnder" in results ? [{ id: results.storedUnder }] : [],
      ),
    ),
  ];
  if (statements.length === 0) return "committed";
  try {
    await db.batch(statements);
    return "committed";
  } catch (thrown) {
    if (isConflict(thrown)) return "conflict";
    throw thrown;
  }
}

/** Deliveries with the validations that each has moved, beside the one that it names. */
function withMoved(deliveries: readonly DeliveryRow[], timeline: readonly TimelineEntry[]): object[] {
  const moves = Map.groupBy(timeline, ({ delivery_id }) => delivery_id);
  return deliveries.map((row) => {
    const moved = new Set(moves.get(row.id)?.map(({ validation_id }) => validation_id));
    moved.delete(row.validation_id ?? "");
    return moved.size === 0 ? row : { ...row, moved: [...moved] };
  });
}

/** The constraints that only a concurrent change of the same rows can break. */
function isConflict(thrown: unknown): boolean {
  const message = thrown instanceof Error ? thrown.message : "";
  return /row_changed|UNIQUE constraint failed: (deliveries|validations|callbacks_unmatched|subjects)\./.test(
    message,
  );
}

/** The rows that the decision was made from, as they were. */
function guard(
  db: D1Database,
  rows: <Kind extends MutationKind>(kind: Kind) => Mutation<Kind>["row"][],
): D1PreparedStatement[] {
  const read = [
    rows("subject").map(({ repository_id, subject, version }) => [repository_id, subject, version]),
    rows("validation").map(({ id, version }) => [id, version]),
    rows("unmatched").map(({ given_id }) => given_id),
    rows("awaited").map(({ given_id, unmatched }) => [given_id, unmatched]),
    rows("settledDeadLetter").map(({ id, replay_id }) => [id, replay_id]),
  ];
  return read.every(({ length }) => length === 0)
    ? []
    : [db.prepare(GUARD).bind(...read.map((of) => JSON.stringify(of)))];
}
