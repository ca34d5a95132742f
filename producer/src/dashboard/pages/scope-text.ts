/** The scope of a command about many rows as text. */

import { deadLetterScope } from "@webhook-gateway/shared/api/dead-letter.ts";
import { validationScope } from "@webhook-gateway/shared/api/validation-scope.ts";
import * as v from "valibot";

const storedValidationScope = v.pipe(v.string(), v.parseJson(), validationScope);
const storedScope = v.pipe(v.string(), v.parseJson(), deadLetterScope);

/** The id of the dead letter if the scope is a single one. */
export function onlyDeadLetter(json: string): string | undefined {
  const parsed = v.safeParse(storedScope, json);
  const ids = parsed.success ? parsed.output.ids : undefined;
  return ids?.length === 1 ? ids[0] : undefined;
}

/**
 * @param json as it is stored; returned as it is if it cannot be read
 * @param noun what it is about
 */
export function scopeText(json: string, noun: "dead letter" | "validation" = "dead letter"): string {
  const schema = noun === "dead letter" ? storedScope : storedValidationScope;
  const parsed = v.safeParse<typeof storedScope | typeof storedValidationScope>(schema, json);
  if (!parsed.success) return json;
  const { ids, filter, all } = parsed.output;
  if (all === true) return noun === "dead letter" ? "all open dead letters" : "all validations";
  if (ids !== undefined) return ids.length === 1 ? `${noun} ${ids[0]}` : `${ids.length} selected ${noun}s`;
  const conditions = Object.entries(filter ?? {}).map(([name, value]) => `${name} ${value}`);
  return `${noun}s with ${conditions.join(", ")}`;
}
