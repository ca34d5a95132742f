/** A scope of dead letters in words. */
import { deadLetterScope } from "@webhook-gateway/shared/api/dead-letter.ts";
import * as v from "valibot";

const storedScope = v.pipe(v.string(), v.parseJson(), deadLetterScope);

/** The letter's id where a scope is one letter. */
export function onlyLetter(json: string): string | undefined {
  const parsed = v.safeParse(storedScope, json);
  const ids = parsed.success ? parsed.output.ids : undefined;
  return ids?.length === 1 ? ids[0] : undefined;
}

/** @param json as it is stored; shown as it is where it is not understood */
export function scopeText(json: string): string {
  const parsed = v.safeParse(storedScope, json);
  if (!parsed.success) return json;
  const { ids, filter, all } = parsed.output;
  if (all === true) return "all open letters";
  if (ids !== undefined) return ids.length === 1 ? `letter ${ids[0]}` : `${ids.length} selected letters`;
  const conditions = Object.entries(filter ?? {}).map(([name, value]) => `${name} ${value}`);
  return `letters with ${conditions.join(", ")}`;
}
