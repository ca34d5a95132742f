import * as v from "valibot";
import { VALIDATION_STATES, type ValidationState } from "../../domain/validation.ts";

const stateRow = v.nullable(v.object({ state: v.picklist(VALIDATION_STATES) }));

/** Where a validation stands; undefined where there is none. */
export async function loadState(db: D1Database, validationId: string): Promise<ValidationState | undefined> {
  const row = await db.prepare("SELECT state FROM validations WHERE id = ?1").bind(validationId).first();
  return v.parse(stateRow, row)?.state;
}
