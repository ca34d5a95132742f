/** Pages of lists, as they are shown. */

import type { Session } from "../api/session.ts";
import { EXIT } from "../exit.ts";
import { type Column, tableLines } from "./table.ts";
import { printJson, resultScreen, say } from "./terminal.ts";

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly next_cursor: string | null;
}

/** Prints a page. Where nothing matched the command ends so. */
export function printPage<Item>(
  session: Session,
  page: Page<Item>,
  columns: readonly Column<Item>[],
  nothing: string,
): void {
  const screen = resultScreen();
  if (session.json) printJson(page);
  else if (page.items.length > 0) screen.print(tableLines(page.items, columns, screen));
  if (page.next_cursor !== null) say(`there is more: --cursor ${quoted(page.next_cursor)}`);
  else if (page.items.length === 0) {
    say(nothing);
    process.exitCode = EXIT.nothingMatched;
  }
}

/** For a shell. */
const quoted = (word: string): string =>
  /^[\w.:=/+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
