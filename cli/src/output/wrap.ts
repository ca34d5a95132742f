import { textWidth } from "./text-width.ts";

/**
 * Breaks a text into lines that take at most so many columns, between words where it can.
 * @param width 2 at least, for a wide character
 * @returns one line at least
 */
export function wrapText(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ").flatMap((long) => breakWord(long, width))) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line === "" || textWidth(longer) <= width) {
      line = longer;
      continue;
    }
    lines.push(line);
    line = word;
  }
  return [...lines, line];
}

function breakWord(word: string, width: number): string[] {
  if (textWidth(word) <= width) return [word];
  const parts: string[] = [];
  let part = "";
  for (const { segment } of new Intl.Segmenter().segment(word)) {
    if (part !== "" && textWidth(part + segment) > width) {
      parts.push(part);
      part = "";
    }
    part += segment;
  }
  return [...parts, part];
}

const ELLIPSIS = "…";

/**
 * Cuts a text to at most so many columns, and marks the cut. (The tables' library miscounts where characters outside
 * the basic plane stand beside wide ones.)
 * @param width 1 at least
 */
export function shortenText(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  let part = "";
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    if (textWidth(part + segment + ELLIPSIS) > width) break;
    part += segment;
  }
  return part + ELLIPSIS;
}
