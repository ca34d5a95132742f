import * as v from "valibot";
import { VALIDATION_STATES, type ValidationState } from "../../domain/validation.ts";

const stateRow = v.nullable(v.object({ state: v.picklist(VALIDATION_STATES) }));

/** The state of a validation; undefined if it does not exist. */
export async function loadState(db: D1Database, validationId: string): Promise<ValidationState | undefined> {
  const row = await db.prepare("SELECT state FROM validations WHERE id = ?1").bind(validationId).first();
  return v.parse(stateRow, row)?.state;
}
