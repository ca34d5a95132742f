/** A table with a caption and headers that scrolls on its own. */
import type { Child } from "hono/jsx";

export interface Column<Item> {
  readonly head: string;
  readonly cell: (item: Item) => Child;
  /** `num` is aligned right; `wide` is hidden on small screens; `mark` is a checkbox. */
  readonly kind?: "num" | "wide" | "wide num" | "narrow" | "mark";
  /** Whether it is the row's header. One column per table. */
  readonly names?: boolean;
}

/** What a table shows, whatever its columns. */
export interface Rows<Item> {
  readonly caption: string;
  readonly items: readonly Item[];
  /** Shown if there are no items. */
  readonly empty: Child;
}

interface TableProps<Item> extends Rows<Item> {
  readonly columns: readonly Column<Item>[];
  /** Identifies a row when the page refreshes. */
  readonly keyOf: (item: Item) => string;
  /** Whether the cells of a row are stacked on small screens. */
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

/** Wide content scrolls here instead of the page. It can be focused, so that it can be scrolled with the keyboard. */
export const Scroll = ({ label, children }: { readonly label: string; readonly children: Child }) => (
  <section class="scroll" aria-label={label} tabindex={0}>
    {children}
  </section>
);
