/** Tokens of people, by their names: `OPERATOR_TOKENS` and `READER_TOKENS`. */
import * as v from "valibot";
import { hasWhitespaceAround } from "./secret.ts";

type TokensByName = Readonly<Record<string, string>>;

/** A name is stored and shown with what its person does. An e-mail address is one too. */
const byName = v.record(v.pipe(v.string(), v.regex(/^[\w.@+-]{1,100}$/)), v.pipe(v.string(), v.minLength(1)));

/**
 * JSON of tokens by name; empty if absent.
 * @param taken the name of the person whose token has a variable of its own
 */
export const namedTokens = (taken: string) =>
  v.pipe(
    v.optional(v.string(), ""),
    v.transform((text) => (text === "" ? "{}" : text)),
    v.parseJson(),
    // Judged as a whole: an error that names one entry would show its name, which may be a misplaced token.
    v.custom<TokensByName>((given) => !Array.isArray(given) && v.is(byName, given)),
    v.check((given) => !Object.values(given).some(hasWhitespaceAround), "an entry has whitespace around it"),
    v.check((given) => !Object.hasOwn(given, taken), "a name that another token has"),
    // Otherwise nobody could tell which of the two did something.
    v.check(
      (given) => new Set(Object.values(given)).size === Object.keys(given).length,
      "two names with one token",
    ),
  );
