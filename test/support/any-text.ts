/**
 * Text of any characters. fast-check's own unit `binary` is the same, but takes a second to create: it lists every code
 * point.
 */
import fc, { type StringSharedConstraints } from "fast-check";

const FIRST_SURROGATE = 0xd800;
const SURROGATES = 0x800;
const LAST = 0x10_ffff;

/** Any code point but half of a surrogate pair. */
const character = fc.nat(LAST - SURROGATES).map(
  (index) => String.fromCodePoint(index < FIRST_SURROGATE ? index : index + SURROGATES),
  // Lets fast-check use the strings that it knows to be dangerous, such as __proto__.
  (text) => {
    const code = typeof text === "string" ? text.codePointAt(0) : undefined;
    if (code === undefined || String.fromCodePoint(code) !== text || !text.isWellFormed())
      throw new Error("not one character");
    return code < FIRST_SURROGATE ? code : code - SURROGATES;
  },
);

/** Text with the whole range of Unicode. */
export const anyText = (constraints: StringSharedConstraints = {}): fc.Arbitrary<string> =>
  fc.string({ ...constraints, unit: character });
