/**
 * Pauses of dispatch: one row for each repository, and one for all of them. What is paused is recorded and reported as
 * before, and a claim leaves it where it is.
 */
import * as v from "valibot";
import { type PauseItem, pauseItem } from "../api/pause.ts";
import { insertAction } from "./operator-action.ts";
import { currentNameOf } from "./repository-names.ts";

/** In place of a repository's id. GitHub's begin at 1. */
export const ALL_REPOSITORIES = 0;

/** A pause `p` that has not ended. @param now expression of the time */
export const isInForce = (now: string): string => `(p.until IS NULL OR p.until > ${now})`;

/**
 * The pause that holds a repository, as JSON: its own, or that of all.
 * @param repositoryId expression of GitHub's id
 * @param columns what is read of it
 */
export const pauseOf = (repositoryId: string, now: string, columns: readonly (keyof Pause)[]): string => `
  (SELECT json_object(${columns.map((column) => `'${column}', p.${column}`).join(", ")})
   FROM pauses p WHERE p.repository_id IN (${ALL_REPOSITORIES}, ${repositoryId}) AND ${isInForce(now)}
   ORDER BY p.repository_id LIMIT 1)`;

/** A pause, whatever it is of. */
export const pauseSchema = v.omit(pauseItem, ["repository"]);
export type Pause = v.InferOutput<typeof pauseSchema>;

/** All columns of a {@link Pause}. */
export const PAUSE_COLUMNS = ["paused_at", "until", "actor", "reason"] as const;

/** The pauses that have not ended, that of all repositories first. ?1: now, ?2: GitHub's id of a repository that they hold; null: any */
export const SELECT_PAUSES = `
  SELECT CASE p.repository_id WHEN ${ALL_REPOSITORIES} THEN NULL ELSE ${currentNameOf("p.repository_id")} END AS repository,
         p.paused_at, p.until, p.actor, p.reason
  FROM pauses p WHERE ${isInForce("?1")} AND (?2 IS NULL OR p.repository_id IN (${ALL_REPOSITORIES}, ?2))
  ORDER BY p.repository_id <> ${ALL_REPOSITORIES}, repository LIMIT 200`;

/** Reads the rows of {@link SELECT_PAUSES}. */
export const parsePauses = (rows: readonly unknown[]): PauseItem[] => v.parse(v.array(pauseItem), rows);

/** @param repositoryId GitHub's id: only those that hold this repository */
export async function listPauses(db: D1Database, now: string, repositoryId?: number): Promise<PauseItem[]> {
  const { results } = await db
    .prepare(SELECT_PAUSES)
    .bind(now, repositoryId ?? null)
    .all();
  return parsePauses(results);
}

/** Who asks for a pause or its end, and of what. */
export interface PauseCommand {
  /** Of the action. */
  readonly id: string;
  readonly actor: string;
  /** GitHub's id, or {@link ALL_REPOSITORIES}. */
  readonly repositoryId: number;
  /** Its name; null for all. */
  readonly target: string | null;
}

/** Pauses dispatch, or changes a pause. */
export async function startPause(
  db: D1Database,
  command: PauseCommand,
  { until, reason }: Pick<Pause, "until" | "reason">,
  now: string,
): Promise<void> {
  const { id, actor, target, repositoryId } = command;
  const asked = { id, at: now, actor, action: "pause", target, reason, outcome: "done" } as const;
  await db.batch([
    db.prepare("DELETE FROM pauses WHERE until <= ?1").bind(now),
    db.prepare(UPSERT).bind(repositoryId, now, until, actor, reason),
    insertAction(db, asked),
  ]);
}

/** Ends a pause. @returns whether there was one */
export async function endPause(db: D1Database, command: PauseCommand, now: string): Promise<boolean> {
  const { id, actor, target, repositoryId } = command;
  const [, , ended] = await db.batch([
    db.prepare("DELETE FROM pauses WHERE until <= ?1").bind(now),
    db.prepare(RECORD_RESUME).bind(id, now, actor, target, repositoryId),
    db.prepare("DELETE FROM pauses WHERE repository_id = ?1").bind(repositoryId),
  ]);
  return ended?.meta.changes === 1;
}

const UPSERT = `
  INSERT INTO pauses (repository_id, paused_at, until, actor, reason) VALUES (?1, ?2, ?3, ?4, ?5)
  ON CONFLICT (repository_id) DO UPDATE SET
    paused_at = excluded.paused_at, until = excluded.until, actor = excluded.actor, reason = excluded.reason`;

const RECORD_RESUME = `
  INSERT INTO operator_actions (id, at, actor, action, target, outcome)
  SELECT ?1, ?2, ?3, 'resume', ?4,
         CASE WHEN EXISTS (SELECT 1 FROM pauses WHERE repository_id = ?5) THEN 'done' ELSE 'unchanged' END`;
