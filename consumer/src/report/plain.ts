/** Text from outside, made harmless to look at wherever it is shown. What Markdown makes of it: `markdown.ts`. */
import { byteLength, cutText } from "@webhook-gateway/shared/text/text.ts";
import stripAnsi from "strip-ansi";

/**
 * What nobody sees, or what changes how its neighbours are seen: controls but line feed and tab, bidirectional
 * marks, zero-width characters and other formatting.
 */
const UNSEEN = /[^\P{Cc}\n\t]|[\p{Cf}\p{Default_Ignorable_Code_Point}]/gu;

/**
 * Text of any number of lines without terminal escapes, controls, and invisible characters. A progress line is
 * left in its last state, a lone surrogate becomes U+FFFD.
 */
export function plainText(text: string): string {
  const lines = stripAnsi(text.toWellFormed())
    .replaceAll(/[\u2028\u2029]/g, "\n")
    .split("\n");
  return lines.map(lastState).join("\n").replaceAll(UNSEEN, "");
}

/** The same on one line, cut to so many bytes; empty where there is nothing to see. */
export const plainLine = (text: string, maxBytes: number): string =>
  cutWithMark(plainText(text).replaceAll(/\s+/g, " ").trim(), maxBytes);

/** Cuts plain text to at most so many bytes of UTF-8 (and so as many UTF-16 units), and shows that it was cut. */
export const cutWithMark = (text: string, maxBytes: number): string =>
  byteLength(text) <= maxBytes ? text : `${cutText(text, maxBytes - byteLength("…")).trimEnd()}…`;

/** The last so many bytes of a text, or fewer: no character is cut in two. */
export function endOfText(text: string, maxBytes: number): string {
  const bytes = new TextEncoder().encode(text);
  let start = Math.max(0, bytes.length - maxBytes);
  while (isContinuation(bytes[start])) start++;
  return new TextDecoder("utf-8", { fatal: false, ignoreBOM: true }).decode(bytes.subarray(start));
}

/** A carriage return goes back to the line's start, so what was written last stands there. */
const lastState = (line: string): string => line.split("\r").findLast((state) => state !== "") ?? "";

const isContinuation = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80;
