/**
 * Text from outside, made safe to print. Branches, error texts and the output of tests can hold anything, and a terminal
 * obeys it: escape sequences, control characters and characters that change the direction of text are removed.
 */
import { stripVTControlCharacters } from "node:util";

/** Characters that are invisible or control the terminal. Two joiners are part of ordinary words. */
const INVISIBLE = /[\p{Cc}[\p{Cf}--[\u200c\u200d]]]/gv;
const LINE_ENDS = /\r\n|[\n\r\v\f\x85\u2028\u2029]/;

/** The text as one line. */
export const plainText = (text: string): string => plainLines(text).join(" ");

/** The lines of a text. A tab becomes a space. */
export const plainLines = (text: string): string[] =>
  stripVTControlCharacters(text.toWellFormed())
    .split(LINE_ENDS)
    .map((line) => line.replaceAll("\t", " ").replaceAll(INVISIBLE, ""));

/**
 * A value as JSON that is safe to print: control and invisible characters that `JSON.stringify` leaves are escaped, so
 * the document keeps its meaning.
 */
export const safeJson = (value: unknown): string => escapeJson(JSON.stringify(value));

/** The same for text that is JSON already. */
export const escapeJson = (json: string): string =>
  json.replaceAll(/[\x7f-\x9f\u2028\u2029\p{Cf}]/gu, (character) =>
    Array.from({ length: character.length }, (_, index) => unicodeEscape(character.charCodeAt(index))).join(
      "",
    ),
  );

const unicodeEscape = (code: number): string => `\\u${code.toString(16).padStart(4, "0")}`;
