/** Validations that ended long ago: finds them, reads all of their rows, and deletes them. */
import * as v from "valibot";
import { ADD_TALLIES, untally } from "../tallies.ts";
import { isFull } from "../unavailable.ts";

/** A validation as it was found. One that has changed since is not deleted. */
export interface OldValidation {
  readonly id: string;
  readonly version: number;
  /** The size of its results. */
  readonly bytes: number;
}

/** Which ones are old. */
export interface OldHorizons {
  readonly validationsBefore: string;
  /** Later than this, a validation is kept until its report is posted. */
  readonly reportsBefore?: string;
}

/** A row as it was, with all of its columns. */
export type Row = Readonly<Record<string, unknown>>;

/** All rows of one validation. */
export interface ValidationRows {
  readonly validation: Row;
  readonly timeline: readonly Row[];
  readonly deliveries: readonly Row[];
  readonly report: Row | null;
  readonly cancel: Row | null;
}

/** The oldest first. */
export async function loadOldValidations(
  db: D1Database,
  { validationsBefore, reportsBefore = validationsBefore }: OldHorizons,
  limit: number,
): Promise<readonly OldValidation[]> {
  const { results } = await db.prepare(SELECT_OLD).bind(validationsBefore, reportsBefore, limit).all();
  return v.parse(v.array(oldRow), results);
}

/** A place in the order in which validations ended. */
export interface Place {
  readonly finished_at: string;
  /** As text: JavaScript's numbers do not hold it. */
  readonly seq: string;
}

/** A validation that ended. */
export interface Ended extends OldValidation, Place {
  /** Null if they are not worth moving, already in the archive, or are still to be reported. */
  readonly results: string | null;
}

/** Smaller results stay. Larger ones are in the archive, but for those that it did not take. */
const MOVED_BYTES = [1_024, 16_384] as const;

/** The next validations behind a place that ended before a time, in that order. */
export async function loadEnded(
  db: D1Database,
  after: Place,
  before: string,
  limit: number,
): Promise<Ended[]> {
  const { results } = await db.prepare(SELECT_ENDED).bind(after.finished_at, after.seq, before, limit).all();
  return v.parse(v.array(endedRow), results);
}

/** Puts digests in the place of results. What has changed since it was read keeps them. */
export async function replaceResults(
  db: D1Database,
  digests: readonly { readonly id: string; readonly version: number; readonly results: string }[],
): Promise<void> {
  await db.prepare(REPLACE_RESULTS).bind(JSON.stringify(digests)).run();
}

/** Reads the rows of validations, in the order of their ids. Those that are gone are left out. */
export async function loadValidationRows(db: D1Database, ids: readonly string[]): Promise<ValidationRows[]> {
  const bound = JSON.stringify(ids);
  const answers = await db.batch<Record<string, unknown>>(
    SELECT_ROWS.map((sql) => db.prepare(sql).bind(bound)),
  );
  const [validations = [], timeline = [], deliveries = [], reports = [], cancels = []] = answers.map(
    ({ results }) => results,
  );
  return validations.map(({ seq: _, timeline: __, ...validation }) => {
    const own = ({ validation_id }: Row) => validation_id === validation.id;
    return {
      validation,
      timeline: timeline.filter(own),
      deliveries: deliveries.filter(({ of }) => of === validation.id).map(({ of: _, ...row }) => row),
      report: reports.find(own) ?? null,
      cancel: cancels.find(own) ?? null,
    };
  });
}

/**
 * Deletes validations with all that hangs on them, in one transaction; those that have changed since they were found stay.
 * A full database takes deletions only: then the counts follow in a second one. The delivery that started one goes with it
 * if it was received and recorded before `deliveriesBefore`: while it is known, its GUID starts nothing again.
 * @returns how many were deleted
 */
export async function deleteValidations(
  db: D1Database,
  old: readonly OldValidation[],
  deliveriesBefore: string,
): Promise<number> {
  if (old.length === 0) return 0;
  const given = JSON.stringify(old.map(({ id, version }) => [id, version]));
  const prepared = (sql: string) => db.prepare(sql).bind(given);
  const deletes = () => [
    db.prepare(DELETE_DELIVERIES).bind(given, deliveriesBefore),
    ...DELETES.map(prepared),
  ];
  try {
    return deletedOf(await db.batch([prepared(untally(UNCHANGED)), ...deletes()]));
  } catch (thrown) {
    if (!isFull(thrown)) throw thrown;
    const results = await db.batch([prepared(COUNT_UNCHANGED), ...deletes()]);
    await db
      .prepare(ADD_TALLIES)
      .bind(JSON.stringify(results[0]?.results ?? []))
      .run();
    return deletedOf(results);
  }
}

/** Of a batch that ends with the validations themselves. */
const deletedOf = (results: readonly D1Result[]): number => results.at(-1)?.meta.changes ?? 0;

const oldRow = v.object({ id: v.string(), version: v.number(), bytes: v.number() });

const endedRow = v.object({
  ...oldRow.entries,
  finished_at: v.string(),
  seq: v.string(),
  results: v.nullable(v.string()),
});

/** A dead letter keeps its validation: a replay needs it. */
const NO_DEAD_LETTER = `
  NOT EXISTS (SELECT 1 FROM dead_letters l WHERE l.validation_id = w.id AND l.status IN ('open', 'replaying'))`;

const HAS_DUE_REPORT = "EXISTS (SELECT 1 FROM reports r WHERE r.validation_id = w.id AND r.status = 'due')";

/** Of small results, SQLite does not even read the pages. */
const SELECT_ENDED = `
  SELECT CAST(w.seq AS TEXT) AS seq, w.finished_at, w.id, w.version, coalesce(octet_length(w.results), 0) AS bytes,
         CASE WHEN octet_length(w.results) BETWEEN ${MOVED_BYTES.join(" AND ")} AND w.results->'$.archived' IS NULL
                AND NOT ${HAS_DUE_REPORT} THEN w.results END AS results
  FROM validations w
  WHERE w.finished_at >= ?1 AND w.finished_at < ?3 AND (w.finished_at > ?1 OR w.seq > CAST(?2 AS INTEGER))
  ORDER BY w.finished_at, w.seq LIMIT ?4`;

const REPLACE_RESULTS = `
  UPDATE validations SET results = g.value->>'results' FROM json_each(?1) g
  WHERE validations.id = g.value->>'id' AND validations.version = g.value->>'version'`;

const SELECT_OLD = `
  SELECT w.id, w.version, coalesce(octet_length(w.results), 0) AS bytes FROM validations w
  WHERE w.finished_at < ?1 AND ${NO_DEAD_LETTER} AND (w.finished_at < ?2 OR NOT ${HAS_DUE_REPORT})
  ORDER BY w.finished_at, w.seq LIMIT ?3`;

const SELECT_ROWS = [
  "SELECT v.* FROM json_each(?1) k CROSS JOIN validations v ON v.id = k.value",
  "SELECT t.* FROM json_each(?1) k CROSS JOIN timeline t ON t.validation_id = k.value ORDER BY t.id",
  // What started them, and what moved them.
  `SELECT DISTINCT d.*, c.validation_id AS of FROM (
     SELECT v.id AS validation_id, v.delivery_id FROM json_each(?1) k CROSS JOIN validations v ON v.id = k.value
     UNION ALL
     SELECT t.validation_id, t.delivery_id FROM json_each(?1) k CROSS JOIN timeline t ON t.validation_id = k.value
   ) c CROSS JOIN deliveries d ON d.id = c.delivery_id`,
  "SELECT r.* FROM json_each(?1) k CROSS JOIN reports r ON r.validation_id = k.value",
  "SELECT c.* FROM json_each(?1) k CROSS JOIN cancels c ON c.validation_id = k.value",
];

/** Each query of one transaction selects the same ones. */
const unchanged = (column: string): string => `
  SELECT w.${column} FROM json_each(?1) CROSS JOIN validations w ON w.id = value->>0 AND w.version = value->>1
  WHERE ${NO_DEAD_LETTER}`;

const UNCHANGED = unchanged("id");

const COUNT_UNCHANGED = `
  SELECT 'repository' AS kind, v.repository AS key, v.state AS name, -count(*) AS n FROM validations v
  WHERE v.id IN (${UNCHANGED}) GROUP BY v.repository, v.state`;

const DELETE_DELIVERIES = `
  DELETE FROM deliveries WHERE id IN (${unchanged("delivery_id")}) AND received_at < ?2 AND recorded_at < ?2`;

const DELETES = [
  ...["timeline_results", "reports", "cancels"].map(
    (table) => `DELETE FROM ${table} WHERE validation_id IN (${UNCHANGED})`,
  ),
  `DELETE FROM validations WHERE id IN (${UNCHANGED})`,
];
