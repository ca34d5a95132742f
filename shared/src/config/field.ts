/** Kinds of configuration values. In a Worker's environment all of them are text; an empty one counts as absent. */
import * as v from "valibot";
import { hasWhitespaceAround } from "./secret.ts";

export const environment = v.picklist(["development", "staging", "production"]);

/** Refused instead of trimmed, so that the stored value is what was meant. */
const trimmed = v.check((text: string) => !hasWhitespaceAround(text), "has whitespace around it");

const absentIfEmpty = v.transform((text: string) => (text === "" ? undefined : text));

/** A secret or a token. */
export const secret = v.pipe(v.string(), v.minLength(1), trimmed);

/** A secret or a token that may be absent. */
export const optionalSecret = v.pipe(v.optional(v.string(), ""), trimmed, absentIfEmpty);

/** Text that may be absent. */
export const optionalText = v.pipe(v.optional(v.string(), ""), absentIfEmpty);

export const httpUrl = v.pipe(v.string(), trimmed, v.url(), v.regex(/^https?:\/\//));

/** A URL that may be absent. It can hold a secret, so it is never logged. */
export const optionalUrl = v.pipe(
  optionalSecret,
  v.check((text) => text === undefined || /^https?:$/.test(URL.parse(text)?.protocol ?? ""), "not a URL"),
);

/** `"true"` or `"false"`. */
export const flag = (fallback: "true" | "false") =>
  v.pipe(
    v.optional(v.picklist(["true", "false", ""]), fallback),
    v.transform((text) => (text === "" ? fallback : text) === "true"),
  );

/** A whole number within bounds. */
export const integer = (fallback: number, bounds: { readonly min: number; readonly max: number }) =>
  v.pipe(
    v.optional(v.pipe(v.string(), v.regex(/^\d*$/)), ""),
    v.transform((text) => (text === "" ? fallback : Number(text))),
    v.minValue(bounds.min),
    v.maxValue(bounds.max),
  );

/** A comma-separated list; empty if absent. Commas inside the braces of a glob do not separate items. */
export const list = v.pipe(
  v.optional(v.string(), ""),
  v.transform((text) =>
    text
      .split(/,(?![^{]*\})/)
      .map((item) => item.trim())
      .filter((item) => item !== ""),
  ),
);
