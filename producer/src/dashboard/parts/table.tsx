/** A table that is named, has headers, and scrolls within itself. */
import type { Child } from "hono/jsx";

export interface Column<Item> {
  readonly head: string;
  readonly cell: (item: Item) => Child;
  /** `num` is set to the right; `wide` is left out where there is little room; `mark` is a box to tick. */
  readonly kind?: "num" | "wide" | "wide num" | "narrow" | "mark";
  /** Names the row. One column a table. */
  readonly names?: boolean;
}

interface TableProps<Item> {
  readonly caption: string;
  readonly columns: readonly Column<Item>[];
  readonly items: readonly Item[];
  /** Tells rows apart while the page refreshes. */
  readonly keyOf: (item: Item) => string;
  /** What it means that there are none. */
  readonly empty: Child;
  /** Whether a row is set in lines where there is little room. */
  readonly stack?: boolean;
}

export function Table<Item>(props: TableProps<Item>) {
  const { caption, columns, items, keyOf, empty, stack = false } = props;
  if (items.length === 0) return <p class="empty">{empty}</p>;
  return (
    <Scroll label={caption}>
      <table class={stack ? "stack" : undefined}>
        <caption class="hidden">{caption}</caption>
        <thead>
          <tr>
            {columns.map(({ head, kind }) => (
              <th scope="col" class={kind}>
                {kind === "mark" ? <span class="hidden">{head}</span> : head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {items.map((item) => (
            <tr id={rowId(caption, keyOf(item))}>{columns.map((column) => cellOf(column, item))}</tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

/** The same row has the same id when the page refreshes. An id holds no spaces. */
const rowId = (caption: string, key: string): string =>
  encodeURIComponent(`${caption} ${key}`.toWellFormed());

function cellOf<Item>({ head, kind, names, cell }: Column<Item>, item: Item) {
  if (names !== true) {
    return (
      <td class={kind} data-label={head}>
        {cell(item)}
      </td>
    );
  }
  return (
    <th scope="row" class={kind}>
      {cell(item)}
    </th>
  );
}

/** What is too wide scrolls here, and not the page. It can be reached by keyboard, so that it can be scrolled by it. */
export const Scroll = ({ label, children }: { readonly label: string; readonly children: Child }) => (
  <section class="scroll" aria-label={label} tabindex={0}>
    {children}
  </section>
);
