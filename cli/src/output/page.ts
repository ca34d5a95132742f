/** Pages of lists, as they are printed. */

import { EXIT } from "../exit.ts";
import { type Column, tableLines } from "./table.ts";
import { printMessage, printResult } from "./terminal.ts";

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly next_cursor: string | null;
}

/** Prints a page. If nothing matched, the exit code says so. */
export function printPage<Item>(
  json: boolean,
  page: Page<Item>,
  columns: readonly Column<Item>[],
  nothing: string,
): void {
  if (json || page.items.length > 0)
    printResult(json, page, ({ items }, screen) => tableLines(items, columns, screen));
  if (page.next_cursor !== null) printMessage(`there are more: --cursor ${quoted(page.next_cursor)}`);
  else if (page.items.length === 0) {
    printMessage(nothing);
    process.exitCode = EXIT.nothingMatched;
  }
}

/** For a shell. */
const quoted = (text: string): string =>
  /^[\w.:=/+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
