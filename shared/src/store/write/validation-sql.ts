/**
 * Writes validations with their timeline and results. A row that is written again counts once, and once more for each of its
 * index entries that is. So a statement sets an indexed column only for rows in which it changes.
 */
import type { TimelineEntry } from "../rows.ts";
import { nextSeqOf } from "../sql/seq.ts";
import { TREE_OF_RESULTS } from "../sql/tree.ts";
import { VALIDATION_FIELDS, type Validation } from "../validation-row.ts";
import { insert, NOW } from "./insert-sql.ts";
import { type Mutation, rowsOf } from "./mutation.ts";
import { resultsOf } from "./results-sql.ts";

/** A statement, and the rows that are its parameter. */
type Write = readonly [sql: string, rows: readonly object[]];

/** The statements for the validations of a decision: as many as there are kinds of changes, whatever their number. */
export function writeValidations(mutations: readonly Mutation[]): Write[] {
  const timeline = rowsOf(mutations, "timeline");
  const entries = Map.groupBy(timeline, ({ validation_id }) => validation_id);
  const results = new Map(rowsOf(mutations, "results").map((row) => [row.validation_id, row.results]));
  const changes = mutations.flatMap((one) => (one.kind === "validation" ? [one] : []));
  const whole = changes.map(({ row, stored }) => ({
    row: { ...row, entries: (entries.get(row.id) ?? []).map(entryOf), results: results.get(row.id) },
    kind: kindOf(row, stored, results.has(row.id)),
  }));
  const kinds = Map.groupBy(whole, ({ kind }) => kind);
  return [
    ...[...kinds].map(([kind, all]): Write => [SQL[kind], all.map(({ row }) => row)]),
    [
      INSERT_RESULTS,
      timeline.filter((one) => one.results !== undefined).map((one) => withPlace(one, timeline)),
    ],
    [INSERT_RETURNED, timeline.filter(isReturned).slice(0, 1)],
  ];
}

const entryOf = ({ at, from_state, to_state, reason, delivery_id }: TimelineEntry) => [
  ...[at, from_state, to_state, reason, delivery_id],
];

/** With the number of entries of its validation that are written behind it. */
function withPlace(entry: TimelineEntry, all: readonly TimelineEntry[]): object {
  const own = all.filter(({ validation_id }) => validation_id === entry.validation_id);
  return { ...entry, behind: own.length - 1 - own.indexOf(entry) };
}

const isReturned = ({ from_state, to_state }: TimelineEntry): boolean =>
  from_state === "dispatching" && to_state === "queued";

/** What a row that is stored already has in an index, and changes. */
type Kind = "new" | `${"" | "ended"}${"" | " placed"}${"" | " results"}`;

function kindOf(row: Validation, stored: Validation | undefined, hasResults: boolean): Kind {
  if (stored === undefined || stored.version === 0) return "new";
  const ended = row.finished_at !== stored.finished_at;
  const placed =
    row.grainchain_id !== stored.grainchain_id || (!ended && row.watch_from !== stored.watch_from);
  return `${ended ? "ended" : ""}${placed ? " placed" : ""}${hasResults ? " results" : ""}`;
}

const NEXT_VERSION = "value->>'version' + 1";

/** An entry: its number, and what `entryOf` says. */
const numbered = (first: string, entry: string): string =>
  `json_array(${first} + ${entry}.key, ${[0, 1, 2, 3, 4].map((part) => `${entry}.value->>${part}`).join(", ")})`;

/** The number of the next entry of a row. */
export const NEXT_ENTRY = "coalesce(timeline->>'$[#-1][0]', 0) + 1";

const INSERT = insert(
  "validations",
  VALIDATION_FIELDS.filter((field) => field !== "version"),
  {
    seq: nextSeqOf("validations", "value->>'created_at'", "key"),
    updated_at: NOW,
    version: NEXT_VERSION,
    timeline: `(SELECT json_group_array(${numbered("1", "e")}) FROM json_each(json_each.value, '$.entries') e)`,
    results: resultsOf("value"),
  },
);

/** Indexes have these columns only of rows that wait or are leased. */
const ALWAYS = [
  ...["state", "conclusion", "lane", "turn", "attempts", "due_at", "lease_id", "lease_until", "error"],
  ...["dispatched_at", "started_at", "heard_at", "resendable", "live_callbacks", "late_callbacks"],
  ...["late_results", "trusted", "reason", "approved_at"],
];

/** With the entries of before, whose numbers stay. */
const APPENDED = `
    CASE json_array_length(given.value, '$.entries') WHEN 0 THEN timeline ELSE (
      SELECT json_group_array(json(one)) FROM (
        SELECT e.value AS one FROM json_each(validations.timeline) e
        UNION ALL
        SELECT ${numbered(NEXT_ENTRY, "n")} FROM json_each(given.value, '$.entries') n)) END`;

const WITH_RESULTS = `(SELECT j.value, ${resultsOf("j.value")} AS results FROM json_each(?1) j)`;

const SET_RESULTS = `
    results = coalesce(given.results, validations.results),
    tree_sha = CASE WHEN given.results IS NULL THEN validations.tree_sha ELSE ${TREE_OF_RESULTS} END,`;

const update = (columns: readonly string[], hasResults: boolean): string => `
  UPDATE validations SET
    ${[...ALWAYS, ...columns].map((column) => `${column} = given.value->>'${column}'`).join(", ")},
    ${hasResults ? SET_RESULTS : ""}
    timeline = ${APPENDED}, updated_at = given.value->>'now', version = given.value->>'version' + 1
  FROM ${hasResults ? WITH_RESULTS : "json_each(?1)"} AS given WHERE validations.id = given.value->>'id'`;

const PLACE = ["grainchain_id", "watch_from"];
const END = ["finished_at", "watch_from"];

const SQL: Readonly<Record<Kind, string>> = {
  new: INSERT,
  "": update([], false),
  " results": update([], true),
  " placed": update(PLACE, false),
  " placed results": update(PLACE, true),
  ended: update(END, false),
  "ended results": update(END, true),
  "ended placed": update([...new Set([...PLACE, ...END])], false),
  "ended placed results": update([...new Set([...PLACE, ...END])], true),
};

const INSERT_RESULTS = `${insert("timeline_results", ["validation_id", "results_of"], {
  n: `(SELECT v.timeline->>'$[#-1][0]' FROM validations v WHERE v.id = value->>'validation_id') - (value->>'behind')`,
  only_results: "coalesce(value->>'only_results', 0)",
  results: resultsOf("value"),
})} AND ${resultsOf("value")} IS NOT NULL`;

const INSERT_RETURNED = `${insert("returned_dispatches", ["at", "reason"], {})} ON CONFLICT (at) DO NOTHING`;

/** Of a validation's results of a status, all but the first and the latest: the latest until now, and new ones. */
const MIDDLE_RESULTS = `
  SELECT t.validation_id, t.n, t.only_results FROM json_each(?1) k CROSS JOIN timeline_results t
    ON t.validation_id = k.value->>'validation_id' AND t.results_of = k.value->>'results_of'
  WHERE t.n > (SELECT min(f.n) FROM timeline_results f WHERE f.validation_id = t.validation_id AND f.results_of = t.results_of)
    AND t.n < (SELECT max(l.n) FROM timeline_results l WHERE l.validation_id = t.validation_id AND l.results_of = t.results_of)`;

/** The timeline is appended to, with these two exceptions. ?1: JSON of `liveResults` */
export const DROP_MIDDLE_RESULTS: readonly string[] = [
  `UPDATE validations SET timeline = (
     SELECT json_group_array(json(e.value)) FROM json_each(validations.timeline) e
     WHERE e.value->>0 NOT IN (
       SELECT m.n FROM (${MIDDLE_RESULTS}) m WHERE m.validation_id = validations.id AND m.only_results = 1))
   WHERE id IN (SELECT m.validation_id FROM (${MIDDLE_RESULTS}) m WHERE m.only_results = 1)`,
  `DELETE FROM timeline_results WHERE (validation_id, n) IN (SELECT m.validation_id, m.n FROM (${MIDDLE_RESULTS}) m)`,
];
