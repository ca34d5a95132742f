/**
 * Texts from outside, made harmless to look at. JSX escapes the markup; what it leaves are characters that cannot
 * be seen or that turn the direction of others, and lengths that push everything else off the page.
 */

/** Controls, format characters (bidi overrides, zero widths, tags), lone surrogates, line and paragraph separators. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
/** Line ends and tabs are seen as such; joiners belong to emoji and to several scripts. */
const KEPT = new Set(["\n", "\t", "\u200c", "\u200d"]);
/** Where the pictures of control characters stand in Unicode. */
const PICTURES = 0x2400;

/** Replaces every character that cannot be seen by a name that can. */
export const visible = (text: string): string =>
  text.replace(UNSEEN, (character) => (KEPT.has(character) ? character : nameOf(character)));

function nameOf(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x20) return String.fromCodePoint(PICTURES + code);
  return `\\u{${code.toString(16)}}`;
}

/** Cuts a text to so many characters, the ellipsis included. */
export function shorten(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  // `toWellFormed` mends a pair that the cut went through.
  return `${text
    .slice(0, maxLength - 1)
    .toWellFormed()
    .replace(/\ufffd$/, "")}…`;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
const ANSI = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[@-Z\\-_])/g;

/** What a program has written to a terminal, without its colours and movements of the cursor. */
export const terminalText = (text: string): string => visible(text.replace(ANSI, "").replace(/\r\n?/g, "\n"));

/** The end of a text, which says how it went; what was cut is said. */
export function tail(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  const left = text.length - maxLength;
  return `[${left} characters before this are not shown]\n${text.slice(left).toWellFormed()}`;
}
