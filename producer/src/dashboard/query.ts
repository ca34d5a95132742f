/** The input of pages and forms, checked with the operator API's schemas. */
import * as v from "valibot";
import type { Refused } from "../http/api-error.ts";

export type Read<Output> = { readonly query: Output } | Refused;

/** Parameters for the page, not for the list. */
const OF_THE_PAGE = new Set(["notice"]);

/** The parameters that filter a list. A form sends its empty fields too. */
export const givenParameters = (url: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...new URL(url).searchParams].filter(([name, value]) => value.trim() !== "" && !OF_THE_PAGE.has(name)),
  );

/**
 * Reads a URL's parameters with a list's schema. An error names fields, never their values.
 * @param fixed what the list is about, whatever the parameters say
 */
export function readQuery<Schema extends v.GenericSchema>(
  schema: Schema,
  url: string,
  fixed: Readonly<Record<string, string>> = {},
): Read<v.InferOutput<Schema>> {
  return read(schema, { ...givenParameters(url), ...fixed }, "invalid_query");
}

/** Reads the fields of a form. */
export function readForm<Schema extends v.GenericSchema>(
  schema: Schema,
  fields: unknown,
): Read<v.InferOutput<Schema>> {
  return read(schema, fields, "invalid_body");
}

function read<Schema extends v.GenericSchema>(
  schema: Schema,
  given: unknown,
  code: "invalid_query" | "invalid_body",
): Read<v.InferOutput<Schema>> {
  const parsed = v.safeParse(schema, given);
  if (parsed.success) return { query: parsed.output };
  const fields = [...new Set(parsed.issues.map((issue) => v.getDotPath(issue) ?? "the whole input"))].slice(
    0,
    10,
  );
  return { error: { code, message: `Missing or invalid: ${fields.join(", ")}.` } };
}
