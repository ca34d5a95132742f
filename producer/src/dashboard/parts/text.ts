/**
 * Makes texts from outside safe to display. JSX escapes markup, but not invisible characters, characters that change the
 * text direction, and texts that are too long for the page.
 */

/** Controls, format characters (bidi overrides, zero widths, tags), lone surrogates, line and paragraph separators. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
/** Line ends and tabs are visible; joiners belong to emoji and to several scripts. */
const KEPT = new Set(["\n", "\t", "\u200c", "\u200d"]);
/** Where the pictures of control characters start in Unicode. */
const PICTURES = 0x2400;

/** Replaces every invisible character with a visible name. */
export const visible = (text: string): string =>
  text.replace(UNSEEN, (character) => (KEPT.has(character) ? character : nameOf(character)));

function nameOf(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x20) return String.fromCodePoint(PICTURES + code);
  return `\\u{${code.toString(16)}}`;
}

/** Cuts a text to so many characters, including the ellipsis. */
export function shorten(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  // `toWellFormed` replaces half of a surrogate pair that was cut.
  return `${text
    .slice(0, maxLength - 1)
    .toWellFormed()
    .replace(/\ufffd$/, "")}…`;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
const ANSI = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[@-Z\\-_])/g;

/** What a program has written to a terminal, without colors and cursor movements. */
export const terminalText = (text: string): string => visible(text.replace(ANSI, "").replace(/\r\n?/g, "\n"));

/** The end of a text, with a note about what was cut. */
export function tail(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  const left = text.length - maxLength;
  return `[${left} characters before this are not shown]\n${text.slice(left).toWellFormed()}`;
}
