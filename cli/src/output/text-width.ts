/** How wide texts are on a terminal. */
import Table from "cli-table3";

const PLAIN = /^[\x20-\x7e]*$/;

/** Columns that a text takes: wide characters two, those that combine none. As the tables' library counts. */
export function textWidth(text: string): number {
  if (PLAIN.test(text)) return text.length;
  const table = new Table({ style: { head: [], border: [], "padding-left": 0, "padding-right": 0 } });
  table.push([text]);
  // Without its two borders.
  return table.width - 2;
}
