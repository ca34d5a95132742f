/** Reads the rows that a batch of facts can touch, in one round trip. */
import * as v from "valibot";
import { changedSubject } from "../../domain/subject.ts";
import type { Fact } from "../../messages/fact.ts";
import { currentNameOf } from "../repository-names.ts";
import { REPLAY_TURN, TURN } from "../settings.ts";
import { lookUp } from "../sql/look-up.ts";
import { parseSuccesses, SELECT_SUCCESSES, type TreeSuccess } from "../sql/tree.ts";
import { parseSubjects, type Subject } from "../subject-row.ts";
import { parseValidations, VALIDATION_COLUMNS, type Validation } from "../validation-row.ts";
import { parseRecordedBefore, type RecordedBefore, recordedBefore } from "./recorded-before.ts";

/** The rows that a batch of facts can touch. */
export interface Snapshot extends RecordedBefore {
  readonly subjects: readonly Subject[];
  readonly validations: readonly Validation[];
  /** The turn that claims of the lane have reached, and the last one given to each repository. */
  readonly currentTurn: number;
  readonly lastTurns: ReadonlyMap<number, number>;
  /** The current names of repositories that a secret claims which is bound to some. */
  readonly names: ReadonlyMap<number, string>;
  /** The latest success of each tree that the facts name, by `treeKey`. */
  readonly successes: ReadonlyMap<string, TreeSuccess>;
}

/**
 * Reads what recording these facts needs. The number of statements depends on what kinds of fact there are, never on how
 * many.
 * @param lane of what is queued: its turns are read
 */
export async function loadSnapshot(
  db: D1Database,
  facts: readonly Fact[],
  lane: 0 | 1 = 0,
): Promise<Snapshot> {
  const { subjects: named, reruns, ordered, ...keys } = collectKeys(facts);
  const [subjects, runs, validations, turns, names, successes, ...recorded] = await lookUp(db, [
    { sql: SELECT_SUBJECTS, keys: [named, reruns, ordered] },
    { sql: SELECT_RUNS, keys: [named, reruns, ordered] },
    { sql: SELECT_VALIDATIONS, keys: [keys.validationIds] },
    { sql: lane === 0 ? SELECT_TURNS : SELECT_REPLAY_TURNS, keys: [keys.repositories, ordered] },
    { sql: SELECT_NAMES, keys: [keys.claimed] },
    { sql: SELECT_SUCCESSES, keys: [keys.trees] },
    ...recordedBefore(facts),
  ]);
  const parsedTurns = v.parse(v.array(turnRow), turns ?? []);
  return {
    ...parseRecordedBefore(recorded),
    subjects: parseSubjects(subjects ?? []),
    validations: parseValidations([...(runs ?? []), ...(validations ?? [])]),
    currentTurn: parsedTurns.find((row) => row.repository_id === null)?.turn ?? 0,
    lastTurns: new Map(
      parsedTurns.flatMap((row) => (row.repository_id === null ? [] : [[row.repository_id, row.turn]])),
    ),
    names: new Map(v.parse(v.array(nameRow), names ?? []).map((row) => [row.repository_id, row.name])),
    successes: parseSuccesses(successes ?? []),
  };
}

interface Keys {
  /** The head is null if the fact names none (a command). */
  readonly subjects: readonly (readonly [repositoryId: number, subject: string, headSha: string | null])[];
  readonly reruns: readonly (readonly [repositoryId: number, headSha: string])[];
  readonly validationIds: readonly string[];
  /** Validations that operator commands are about: their subjects matter too. */
  readonly ordered: readonly string[];
  /** Those of which something may be queued. */
  readonly repositories: readonly number[];
  /** Of deliveries whose secret is bound to repositories. */
  readonly claimed: readonly number[];
  readonly trees: readonly (readonly [repositoryId: number, tree: string])[];
}

function collectKeys(facts: readonly Fact[]): Keys {
  const changes = facts.flatMap((fact) =>
    fact.kind === "delivery" && fact.repository !== null
      ? [{ id: fact.repository.id, change: fact.change, subject: changedSubject(fact.change) }]
      : [],
  );
  const subjects = changes.flatMap(({ id, change, subject }) =>
    subject === null ? [] : [[id, subject, "head_sha" in change ? change.head_sha : null] as const],
  );
  const reruns = changes.flatMap(({ id, change }) =>
    change.type === "rerun" || change.type === "approval" ? [[id, change.head_sha] as const] : [],
  );
  return {
    subjects,
    reruns,
    validationIds: facts.flatMap((fact) => ("validation_id" in fact ? [fact.validation_id] : [])),
    ordered: facts.flatMap((fact) => (fact.kind === "order" ? [fact.validation_id] : [])),
    repositories: [...new Set([...subjects, ...reruns].map(([id]) => id))],
    claimed: [...new Set(facts.flatMap(claimedRepository))],
    trees: changes.flatMap(({ id, change }) =>
      "tree_id" in change && change.tree_id !== undefined ? [[id, change.tree_id] as const] : [],
    ),
  };
}

const claimedRepository = (fact: Fact): number[] =>
  fact.kind === "delivery" && fact.bound_to !== undefined && fact.repository !== null
    ? [fact.repository.id]
    : [];

const nameRow = v.object({ repository_id: v.number(), name: v.string() });
const turnRow = v.object({ repository_id: v.nullable(v.number()), turn: v.number() });

/** Subjects whose newest head is that of a SHA, which every run of it knows. @param shas JSON of repositories and SHAs */
const subjectsWithHead = (shas: string): string => `
    json_each(${shas}) k
    CROSS JOIN validations h INDEXED BY validations_by_head ON h.head_sha = k.value->>1 AND h.repository_id = k.value->>0
    CROSS JOIN subjects s ON s.repository_id = h.repository_id AND s.subject = h.subject AND s.head_sha = h.head_sha`;

/** The subjects that the facts name, and those whose newest head they name (a re-run or approval names only a SHA). */
const SELECT_SUBJECTS = `
  SELECT s.* FROM json_each(?1) k
    CROSS JOIN subjects s ON s.repository_id = k.value->>0 AND s.subject = k.value->>1
  UNION
  SELECT s.* FROM ${subjectsWithHead("?2")}
  UNION
  SELECT s.* FROM json_each(?3) k CROSS JOIN validations o ON o.id = k.value
    CROSS JOIN subjects s ON s.repository_id = o.repository_id AND s.subject = o.subject`;

/**
 * Of those subjects: what is live or held, and every run of the heads that the facts name, of the newest head, and of those
 * that may become the newest.
 */
const SELECT_RUNS = `
  WITH
    known AS (${SELECT_SUBJECTS}),
    heads (repository_id, subject, head_sha) AS (
      SELECT value->>0, value->>1, value->>2 FROM json_each(?1)
      UNION SELECT repository_id, subject, head_sha FROM known
      UNION SELECT o.repository_id, o.subject, o.head_sha FROM json_each(?3) k JOIN validations o ON o.id = k.value
      UNION SELECT repository_id, subject, edge.value->>1 FROM known JOIN json_each(known.edges) edge
    ),
    wanted (id) AS (
      SELECT v.id FROM known n
        CROSS JOIN validations v ON v.repository_id = n.repository_id AND v.subject = n.subject
          AND v.finished_at IS NULL
      UNION
      SELECT v.id FROM heads h
        CROSS JOIN validations v ON v.repository_id = h.repository_id AND v.subject = h.subject
          AND v.head_sha = h.head_sha
    )
  SELECT ${VALIDATION_COLUMNS} FROM wanted w CROSS JOIN validations v ON v.id = w.id`;

/** The validations that callbacks and operator commands name, by our id or by Grainchain's. */
const SELECT_VALIDATIONS = `
  WITH wanted (id) AS (
    SELECT value FROM json_each(?1)
    UNION SELECT v.id FROM json_each(?1) k CROSS JOIN validations v ON v.grainchain_id = k.value)
  SELECT ${VALIDATION_COLUMNS} FROM wanted w CROSS JOIN validations v ON v.id = w.id`;

const SELECT_NAMES = `
  SELECT k.repository_id, k.name FROM (
    SELECT value AS repository_id, ${currentNameOf("value")} AS name FROM json_each(?1)) k
  WHERE k.name IS NOT NULL`;

const turnsOf = (setting: string, column: string): string => `
  SELECT NULL AS repository_id, CAST(value AS INTEGER) AS turn FROM settings WHERE name = '${setting}'
  UNION ALL
  SELECT r.repository_id, r.${column} FROM json_each(?1) k JOIN repositories r ON r.repository_id = k.value
  UNION ALL
  SELECT r.repository_id, r.${column} FROM json_each(?2) k CROSS JOIN validations o ON o.id = k.value
    JOIN repositories r ON r.repository_id = o.repository_id`;

const SELECT_TURNS = turnsOf(TURN, "last_turn");
const SELECT_REPLAY_TURNS = turnsOf(REPLAY_TURN, "last_replay_turn");
