/** Writes one decision in one transaction, or nothing. */

import { REVISE_SHOWN_RUNS } from "../claim/shown-run-sql.ts";
import { namesOf, UPSERT_NAMES } from "../repository-names.ts";
import type { Changes, Results } from "../rows.ts";
import { ADD_TALLIES, talliesOf } from "../tallies.ts";
import {
  CLOSE_RECORDED_LETTERS,
  COUNT_FAILED_LETTERS,
  DELETE_STORED_RESULTS,
  GUARD,
  INSERT_CANCELS,
  INSERT_DEAD_LETTERS,
  INSERT_DELIVERIES,
  INSERT_REACTIONS,
  INSERT_TIMELINE,
  INSERT_UNMATCHED,
  MATCH_CALLBACKS,
  SET_RESULTS,
  SETTLE_CANCELS,
  SETTLE_LETTERS,
  SETTLE_REACTIONS,
  SETTLE_REPORTS,
  UPSERT_REPORTS,
  UPSERT_SETTINGS,
  UPSERT_SUBJECTS,
  UPSERT_TURNS,
  UPSERT_VALIDATIONS,
} from "./commit-sql.ts";

/** `conflict`: a row that the decision was made from has changed since; decide again from fresh rows. */
export type CommitOutcome = "committed" | "conflict";

/**
 * Writes the changes. The number of statements depends on which kinds of change there are, never on how many:
 * the rows of a kind travel as one JSON parameter.
 * @throws whatever D1 throws, other than a conflict
 */
export async function commit(db: D1Database, changes: Changes): Promise<CommitOutcome> {
  const statements = [
    guard(db, changes),
    each(db, UPSERT_SUBJECTS, changes.subjects, (s) => ({ ...s, edges: JSON.stringify(s.edges) })),
    each(db, UPSERT_VALIDATIONS, changes.validations, (row) => ({ ...row, updated_at: changes.now })),
    each(db, SET_RESULTS, changes.results, (r) => ({ id: r.validation_id, ...flatten(r.results) })),
    each(db, INSERT_TIMELINE, changes.timeline, ({ results, ...t }) => ({ ...t, ...flatten(results) })),
    each(db, INSERT_DELIVERIES, changes.deliveries, (d) => ({ ...d, recorded_at: changes.now })),
    each(db, UPSERT_NAMES, namesOf(changes.deliveries), (n) => n),
    each(db, UPSERT_REPORTS, changes.reports, (r) => ({ ...r, now: changes.now })),
    revise(db, changes),
    each(db, INSERT_CANCELS, changes.cancels, (c) => ({ ...c, now: changes.now })),
    each(db, INSERT_DEAD_LETTERS, changes.deadLetters, (l) => ({ ...l, died_at: changes.now })),
    each(db, SETTLE_LETTERS, changes.letters, (l) => ({ ...l, now: changes.now })),
    each(db, COUNT_FAILED_LETTERS, changes.letters, (l) => l),
    each(db, CLOSE_RECORDED_LETTERS, changes.deliveries, ({ id, outcome }) => ({
      id,
      outcome,
      now: changes.now,
    })),
    each(db, INSERT_UNMATCHED, changes.unmatched, ({ results, ...u }) => ({
      ...u,
      ...flatten(results),
      recorded_at: changes.now,
    })),
    each(db, MATCH_CALLBACKS, changes.matched, (m) => ({ ...m, now: changes.now })),
    each(db, SETTLE_CANCELS, changes.cancelOutcomes, (o) => ({ ...o, now: changes.now })),
    each(db, SETTLE_REPORTS, changes.reportOutcomes, (o) => ({ ...o, now: changes.now })),
    each(db, INSERT_REACTIONS, changes.reactions, (r) => ({ ...r, now: changes.now })),
    each(db, SETTLE_REACTIONS, changes.reactionOutcomes, (o) => o),
    each(db, UPSERT_SETTINGS, changes.settings, (s) => ({ ...s, now: changes.now })),
    each(db, UPSERT_TURNS, changes.turns, (t) => t),
    each(db, ADD_TALLIES, talliesOf(changes), (t) => t),
    each(db, DELETE_STORED_RESULTS, storedIds(changes), (id) => ({ id })),
  ].filter((statement) => statement !== undefined);
  if (statements.length === 0) return "committed";
  try {
    await db.batch(statements);
    return "committed";
  } catch (thrown) {
    if (isConflict(thrown)) return "conflict";
    throw thrown;
  }
}

/** The constraints that only a concurrent change of the same rows can break. */
function isConflict(thrown: unknown): boolean {
  const message = thrown instanceof Error ? thrown.message : "";
  return /row_changed|UNIQUE constraint failed: (deliveries|validations|callbacks_unmatched|subjects)\./.test(
    message,
  );
}

function each<Row, Bound>(
  db: D1Database,
  sql: string,
  rows: readonly Row[],
  bind: (row: Row) => Bound,
): D1PreparedStatement | undefined {
  return rows.length === 0 ? undefined : db.prepare(sql).bind(JSON.stringify(rows.map(bind)));
}

function guard(db: D1Database, changes: Changes): D1PreparedStatement | undefined {
  const { subjects, validations, unknownIds, awaited, letters } = changes;
  const read = [
    subjects.map((s) => [s.repository_id, s.subject, s.version]),
    validations.map((row) => [row.id, row.version]),
    unknownIds,
    awaited.map((id) => [id.given_id, id.unmatched]),
    letters.map((letter) => [letter.id, letter.replay_id]),
  ];
  if (read.every((rows) => rows.length === 0)) return undefined;
  return db.prepare(GUARD).bind(...read.map((rows) => JSON.stringify(rows)));
}

function revise(db: D1Database, { reports, heads, now }: Changes): D1PreparedStatement | undefined {
  if (reports.length === 0 && heads.length === 0) return undefined;
  return db.prepare(REVISE_SHOWN_RUNS).bind(JSON.stringify(reports), JSON.stringify(heads), now);
}

function flatten(results: Results | undefined): { results?: unknown; stored_under?: string } {
  if (results === undefined) return {};
  return "inline" in results ? { results: results.inline } : { stored_under: results.storedUnder };
}

function storedIds(changes: Changes): string[] {
  const { results, timeline, unmatched, dropped } = changes;
  const all = [...results, ...timeline, ...unmatched, ...dropped].map((row) => row.results);
  return all.flatMap((one) => (one !== undefined && "storedUnder" in one ? [one.storedUnder] : []));
}
