/** A scope of dead letters as text. */
import { deadLetterScope } from "@webhook-gateway/shared/api/dead-letter.ts";
import * as v from "valibot";

const storedScope = v.pipe(v.string(), v.parseJson(), deadLetterScope);

/** The id of the dead letter if the scope is a single one. */
export function onlyDeadLetter(json: string): string | undefined {
  const parsed = v.safeParse(storedScope, json);
  const ids = parsed.success ? parsed.output.ids : undefined;
  return ids?.length === 1 ? ids[0] : undefined;
}

/** @param json as it is stored; returned as it is if it cannot be read */
export function scopeText(json: string): string {
  const parsed = v.safeParse(storedScope, json);
  if (!parsed.success) return json;
  const { ids, filter, all } = parsed.output;
  if (all === true) return "all open dead letters";
  if (ids !== undefined)
    return ids.length === 1 ? `dead letter ${ids[0]}` : `${ids.length} selected dead letters`;
  const conditions = Object.entries(filter ?? {}).map(([name, value]) => `${name} ${value}`);
  return `dead letters with ${conditions.join(", ")}`;
}
