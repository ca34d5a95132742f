/** Kinds of configuration values. In a Worker's environment all of them are text; an empty one counts as absent. */
import * as v from "valibot";

export const environment = v.picklist(["development", "staging", "production"]);

export const secret = v.pipe(v.string(), v.minLength(1));

/** Text that may be absent. */
export const optionalText = v.pipe(
  v.optional(v.string(), ""),
  v.transform((text) => (text === "" ? undefined : text)),
);

export const httpUrl = v.pipe(v.string(), v.url(), v.regex(/^https?:\/\//));

/** A URL that may be absent. It can hold a secret, so that nothing of it is ever told. */
export const optionalUrl = v.pipe(
  optionalText,
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

/** A comma-separated list; empty where absent. Commas within the braces of a glob separate nothing. */
export const list = v.pipe(
  v.optional(v.string(), ""),
  v.transform((text) =>
    text
      .split(/,(?![^{]*\})/)
      .map((item) => item.trim())
      .filter((item) => item !== ""),
  ),
);
