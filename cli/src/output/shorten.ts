import textWidth from "fast-string-width";

const ELLIPSIS = "…";

/**
 * Cuts a text to at most so many columns, between characters as a person sees them, and marks the cut.
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
