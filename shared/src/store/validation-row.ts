import * as v from "valibot";
import { VALIDATION_STATES } from "../domain/validation.ts";
import type { Validation } from "./rows.ts";

const validationRow = v.object({
  id: v.string(),
  repository_id: v.number(),
  repository: v.string(),
  subject: v.string(),
  event: v.string(),
  pr_number: v.number(),
  pr_url: v.string(),
  clone_url: v.string(),
  ref: v.string(),
  head_sha: v.string(),
  base_sha: v.string(),
  run: v.number(),
  cause: v.string(),
  delivery_id: v.string(),
  state: v.picklist(VALIDATION_STATES),
  conclusion: v.nullable(v.picklist(["success", "failure"])),
  lane: v.number(),
  turn: v.number(),
  attempts: v.number(),
  due_at: v.nullable(v.string()),
  lease_id: v.nullable(v.string()),
  lease_until: v.nullable(v.string()),
  grainchain_id: v.nullable(v.string()),
  error: v.nullable(v.string()),
  created_at: v.string(),
  dispatched_at: v.nullable(v.string()),
  started_at: v.nullable(v.string()),
  finished_at: v.nullable(v.string()),
  heard_at: v.nullable(v.string()),
  late_callbacks: v.number(),
  late_results: v.string(),
  version: v.number(),
}) satisfies v.GenericSchema<unknown, Validation>;

/** The columns of a {@link Validation}, of a table aliased `v`. */
export const VALIDATION_COLUMNS = Object.keys(validationRow.entries)
  .map((column) => `v.${column}`)
  .join(", ");

/** Reads rows selected with {@link VALIDATION_COLUMNS}. */
export const parseValidations = (rows: readonly unknown[]): Validation[] =>
  v.parse(v.array(validationRow), rows);
