/** All rows that tell the way of a delivery, a validation, a pull request or a commit. */
import * as v from "valibot";
import { deadLetterItem } from "../../api/dead-letter.ts";
import { deliveryItem } from "../../api/delivery.ts";
import { validationItem } from "../../api/validation.ts";
import { pullRequestSubject } from "../../domain/subject.ts";
import type { TraceQuestion } from "../../domain/trace/question.ts";
import type { TraceRows } from "../../domain/trace/trace.ts";
import { flag } from "../flag.ts";
import { PAUSE_COLUMNS, pauseOf, pauseSchema } from "../pauses.ts";
import { currentNameOf, isSameName, loadRepositoryId } from "../repository-names.ts";
import { GATE, parseGate } from "../settings.ts";
import { failedSteps } from "../sql/digest.ts";
import { isRunOf } from "../sql/run.ts";
import { aheadOf } from "./ahead.ts";
import { SELECT_DEAD_LETTERS } from "./dead-letter-list.ts";
import { SELECT_DELIVERIES } from "./delivery-list.ts";
import { compareKeys } from "./page.ts";
import { SELECT_VALIDATIONS } from "./validation-list.ts";

const timelineRow = v.object({
  validation_id: v.string(),
  at: v.string(),
  from_state: v.nullable(v.string()),
  to_state: v.string(),
  reason: v.string(),
  met: v.nullable(v.string()),
  failed_steps: v.nullable(v.string()),
});
const waitingRow = v.object({
  id: v.string(),
  n: v.number(),
  set_aside: flag,
  pause: v.nullable(v.pipe(v.string(), v.parseJson(), pauseSchema)),
});
const reportRow = v.object({
  validation_id: v.string(),
  status: v.string(),
  state: v.string(),
  due_at: v.string(),
  reason: v.nullable(v.string()),
  error: v.nullable(v.string()),
  posted_state: v.nullable(v.string()),
  posted_at: v.nullable(v.string()),
});
const renamedRow = v.object({ from: v.string(), to: v.nullable(v.string()) });
/** Validations of one answer; a busy pull request's older ones are left out. */
const MAX_VALIDATIONS = 20;

/** Reads them in two round trips, or three: a pull request's repository may have had several names. */
export async function loadTraceRows(
  db: D1Database,
  question: TraceQuestion,
  now: string,
): Promise<TraceRows> {
  const guid = question.kind === "delivery" ? question.guid : "";
  const [deadLetters, ...parts] = await db.batch<Record<string, unknown>>([
    db.prepare(`${SELECT_DEAD_LETTERS} WHERE l.id = ?1 AND l.status <> 'replayed'`).bind(`fact-${guid}`),
    ...(await conditionsOf(db, question)).map(({ where, bound }) =>
      db
        .prepare(
          // A unary plus keeps SQLite from reading along the order instead.
          `${SELECT_VALIDATIONS} WHERE ${where} ORDER BY +v.seq DESC LIMIT ${MAX_VALIDATIONS}`,
        )
        .bind(...bound),
    ),
  ]);
  const found = v
    .parse(
      v.array(validationItem),
      parts.flatMap(({ results }) => results),
    )
    .toSorted((a, b) => compareKeys([b.created_at, b.id], [a.created_at, a.id]))
    .slice(0, MAX_VALIDATIONS);
  const ids = JSON.stringify(found.map(({ id }) => id));
  const [deliveries, timeline, reports, deaths, gate, waiting, names] = await db.batch<
    Record<string, unknown>
  >([
    db.prepare(SELECT_DELIVERIES_OF).bind(ids, guid),
    db.prepare(SELECT_TIMELINE_OF).bind(ids),
    db.prepare(SELECT_REPORTS_OF).bind(ids),
    db.prepare(SELECT_DEAD_LETTERS_OF).bind(ids),
    db.prepare("SELECT value FROM settings WHERE name = ?1").bind(GATE),
    db.prepare(SELECT_WAITING).bind(ids, now),
    db.prepare(SELECT_NAMES_OF).bind(ids),
  ]);
  return {
    deliveries: v.parse(v.array(deliveryItem), deliveries?.results ?? []),
    validations: found,
    timeline: v.parse(v.array(timelineRow), timeline?.results ?? []),
    reports: v.parse(v.array(reportRow), reports?.results ?? []),
    deadLetters: v.parse(v.array(deadLetterItem), [
      ...(deadLetters?.results ?? []),
      ...(deaths?.results ?? []),
    ]),
    gate: parseGate(gate?.results[0]?.value),
    renamed: v
      .parse(v.array(renamedRow), names?.results ?? [])
      .flatMap(({ from, to }) => (to === null || isSameName(from, to) ? [] : [{ from, to }])),
    waiting: new Map(v.parse(v.array(waitingRow), waiting?.results ?? []).map((row) => [row.id, row])),
  };
}

/** A delivery `d` under this GUID, or under an id that is made of it. */
const hasGuid = (guid: string): string =>
  `(d.id = ${guid} OR (d.id > ${guid} || '~' AND d.id < ${guid} || '~~'))`;

interface Where {
  readonly where: string;
  readonly bound: readonly (string | number)[];
}

/** The validations in question meet one of these. */
async function conditionsOf(db: D1Database, question: TraceQuestion): Promise<readonly Where[]> {
  switch (question.kind) {
    case "delivery":
      // What it started, and what it moved.
      return [
        {
          where: `v.id IN (SELECT d.validation_id FROM deliveries d WHERE ${hasGuid("?1")}
                           UNION SELECT m.value FROM deliveries d, json_each(d.moved) m WHERE ${hasGuid("?1")})`,
          bound: [question.guid],
        },
      ];
    case "validation":
      return [{ where: "v.id = ?1", bound: [question.id] }];
    case "pull_request":
      return conditionsOfPull(db, question.repository, question.number);
    case "sha":
      return [{ where: "v.head_sha >= ?1 AND v.head_sha < ?1 || 'g'", bound: [question.sha] }];
  }
}

/** Those of its repository, under each name that it has had: its own, and those of its merge groups. */
async function conditionsOfPull(db: D1Database, repository: string, number: number): Promise<Where[]> {
  const id = await loadRepositoryId(db, repository);
  if (id === null) return [];
  return [
    // As text, since D1 takes every number for a real one.
    { where: isRunOf("v", "?1", "?2"), bound: [`${id}`, pullRequestSubject(number)] },
    { where: "v.event = 'merge_group' AND v.repository_id = ?1 AND v.pr_number = ?2", bound: [id, number] },
  ];
}

const SELECT_DELIVERIES_OF = `
  ${SELECT_DELIVERIES} WHERE ${hasGuid("?2")}
    OR d.id IN (SELECT w.delivery_id FROM validations w WHERE w.id IN (SELECT value FROM json_each(?1)))
  ORDER BY d.received_at, d.id`;

/** A closed gate leaves no word with those that wait behind it: what those that were sent met with is theirs too. */
const SELECT_TIMELINE_OF = `
  SELECT t.validation_id, t.at, t.from_state, t.to_state, t.reason,
         CASE WHEN t.from_state = 'queued' AND t.to_state = 'dispatching' THEN (
           SELECT r.reason FROM returned_dispatches r
           WHERE r.at < t.at AND r.at >= (
             SELECT max(p.at) FROM timeline p WHERE p.validation_id = t.validation_id AND p.id < t.id)
           ORDER BY r.at DESC LIMIT 1) END AS met,
         CASE WHEN t.to_state = 'completed' AND t.from_state <> 'completed' THEN (
           SELECT ${failedSteps("w.results")} FROM validations w
           WHERE w.id = t.validation_id AND w.conclusion = 'failure') END AS failed_steps
  FROM json_each(?1) k CROSS JOIN timeline t ON t.validation_id = k.value ORDER BY k.key, t.id`;

const SELECT_REPORTS_OF = `
  SELECT r.validation_id, r.status, r.state, r.due_at, r.reason, r.error, r.posted_state, r.posted_at
  FROM json_each(?1) k CROSS JOIN reports r ON r.validation_id = k.value`;

const SELECT_NAMES_OF = `
  SELECT DISTINCT w.repository AS "from", ${currentNameOf("w.repository_id")} AS "to"
  FROM json_each(?1) k CROSS JOIN validations w ON w.id = k.value`;

const SELECT_DEAD_LETTERS_OF = `
  ${SELECT_DEAD_LETTERS} WHERE l.validation_id IN (SELECT value FROM json_each(?1)) ORDER BY l.died_at`;

const SELECT_WAITING = `
  SELECT me.id, (${aheadOf("me")}) AS n, me.lane > 1 AS set_aside, ${pauseOf("me.repository_id", "?2", PAUSE_COLUMNS)} AS pause
  FROM json_each(?1) k CROSS JOIN validations me ON me.id = k.value WHERE me.state = 'queued'`;
