/** Text from outside, made safe to show anywhere. Markdown needs more. */

import stripAnsi from "strip-ansi";
import { byteLength, cutText } from "./text.ts";

/**
 * Characters that are invisible, or change how their neighbors look: controls but line feed and tab, bidirectional marks,
 * zero-width characters and other formatting.
 */
const UNSEEN = /[^\P{Cc}\n\t]|[\p{Cf}\p{Default_Ignorable_Code_Point}]/gu;

/**
 * Text of any number of lines without terminal escapes, controls, and invisible characters. A progress line keeps its
 * last state, a lone surrogate becomes U+FFFD.
 */
export function plainText(text: string): string {
  const lines = stripAnsi(text.toWellFormed())
    .replaceAll(/[\u2028\u2029]/g, "\n")
    .split("\n");
  return lines.map(lastState).join("\n").replaceAll(UNSEEN, "");
}

/** The same on one line, cut to `maxBytes`; empty if there is nothing to see. */
export const plainLine = (text: string, maxBytes: number): string =>
  cutWithMark(plainText(text).replaceAll(/\s+/g, " ").trim(), maxBytes);

/** Cuts plain text to at most `maxBytes` of UTF-8 (and UTF-16 units), and shows that it was cut. */
export const cutWithMark = (text: string, maxBytes: number): string =>
  byteLength(text) <= maxBytes ? text : `${cutText(text, maxBytes - byteLength("…")).trimEnd()}…`;

/** The last `maxBytes` of a text, or fewer: no character is cut in two. */
export function endOfText(text: string, maxBytes: number): string {
  const bytes = new TextEncoder().encode(text);
  let start = Math.max(0, bytes.length - maxBytes);
  while (isContinuation(bytes[start])) start++;
  return new TextDecoder("utf-8", { fatal: false, ignoreBOM: true }).decode(bytes.subarray(start));
}

/** A carriage return goes back to the start of the line: the text written last is what is seen. */
const lastState = (line: string): string => line.split("\r").findLast((state) => state !== "") ?? "";

const isContinuation = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80;
