/** What retention knows of its last runs. */
import * as v from "valibot";
import { parseJson } from "../../text/json.ts";
import { RETENTION_DUE, RETENTION_EARLY, RETENTION_HORIZON, RETENTION_SHORTENED } from "../settings.ts";
import type { Place } from "./old-validations.ts";

const shortened = v.object({
  /** What is kept of the configured days: more than 0, less than 1. */
  share: v.pipe(v.number(), v.gtValue(0), v.ltValue(1)),
  since: v.string(),
  deliveries_days: v.number(),
  validations_days: v.number(),
});

const horizon = v.object({
  deliveries_before: v.optional(v.string(), ""),
  validations_before: v.optional(v.string(), ""),
});

export type Horizon = v.InferOutput<typeof horizon>;

/** The database shortens its retention, because it would fill up. */
export type Shortened = v.InferOutput<typeof shortened>;

export interface RetentionState {
  /** When old rows are deleted next; empty: now. */
  readonly dueAt: string;
  /** What was received, or ended, before these times may be gone. A longer retention brings none of it back. */
  readonly horizon: Horizon;
  /** Null: rows are kept for as long as the configuration says. */
  readonly shortened: Shortened | null;
  /** How far results were archived early. */
  readonly early: Place;
  /** The size of the database. */
  readonly bytes: number;
}

/** Reads it in one query. What is missing, or not understood, is as at the beginning. */
export async function loadRetentionState(db: D1Database): Promise<RetentionState> {
  const { results, meta } = await db
    .prepare(SELECT_STATE)
    .bind(RETENTION_DUE, RETENTION_HORIZON, RETENTION_SHORTENED, RETENTION_EARLY)
    .all();
  const values = new Map(v.parse(v.array(row), results).map(({ name, value }) => [name, parseJson(value)]));
  const stored = v.safeParse(horizon, values.get(RETENTION_HORIZON));
  const dueAt = v.safeParse(v.string(), values.get(RETENTION_DUE));
  const early = v.safeParse(
    v.object({ finished_at: v.string(), seq: v.string() }),
    values.get(RETENTION_EARLY),
  );
  return {
    dueAt: dueAt.success ? dueAt.output : "",
    horizon: stored.success ? stored.output : { deliveries_before: "", validations_before: "" },
    shortened: parseShortened(values.get(RETENTION_SHORTENED)),
    early: early.success ? early.output : { finished_at: "", seq: "0" },
    bytes: meta.size_after,
  };
}

/** @returns null if it is not shortened, or what is stored is not understood */
export function parseShortened(value: unknown): Shortened | null {
  const parsed = v.safeParse(shortened, value);
  return parsed.success ? parsed.output : null;
}

const row = v.object({ name: v.string(), value: v.string() });

const SELECT_STATE = "SELECT name, value FROM settings WHERE name IN (?1, ?2, ?3, ?4)";
