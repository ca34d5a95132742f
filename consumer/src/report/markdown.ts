/**
 * Plain text as Markdown that shows it unchanged. All of it becomes code: there GitHub renders neither Markdown nor HTML,
 * links no `#123`, and notifies nobody of an `@mention`.
 */

/**
 * A longer run of backticks is shown with this length. cmark-gfm (0.29.0.gfm.6) does not take a fence of more than 80 for
 * a code span, and stops counting at 255 in a block's fence, so that a longer run within would close it.
 */
const MAX_RUN = 64;

/** The most that a fenced block adds to its text. */
export const FENCE_BYTES = 2 * (MAX_RUN + 1) + 2;

/** An inline code span. @param line one line of plain text, not blank, without space at its ends */
export function codeSpan(line: string): string {
  const text = shortenRuns(line);
  const fence = "`".repeat(longestRun(text) + 1);
  const pad = text.startsWith("`") || text.endsWith("`") ? " " : "";
  return `${fence}${pad}${text}${pad}${fence}`;
}

/** The same for a cell of a table, where a pipe needs a backslash even within code. */
export function codeCell(line: string): string {
  // Parsers disagree on a backslash before the escaped pipe: some take the pair for an escaped backslash.
  return codeSpan(line.replaceAll("\\|", "\\ |")).replaceAll("|", "\\|");
}

/** A fenced code block, whatever is in the text. @param text plain text */
export function codeBlock(text: string): string {
  const body = shortenRuns(text).trimEnd();
  const fence = "`".repeat(Math.max(3, longestRun(body) + 1));
  return `${fence}\n${body}\n${fence}`;
}

/** A link. @param label not text from outside */
export function link(label: string, url: string): string {
  return `[${label}](<${url.replaceAll(/[\s<>\\]/g, encodeURIComponent)}>)`;
}

const shortenRuns = (text: string): string => text.replaceAll(/`+/g, (run) => run.slice(0, MAX_RUN));

const longestRun = (text: string): number =>
  (text.match(/`+/g) ?? []).reduce((longest, run) => Math.max(longest, run.length), 0);
