/** A table that is named, has headers, and scrolls within itself. */
import type { Child } from "hono/jsx";

export interface Column<Item> {
  /** A text, or what stands in its place with a text for those who cannot see it. */
  readonly head: Child;
  readonly cell: (item: Item) => Child;
  /** `num` is set to the right; `wide` is left out where there is little room. */
  readonly kind?: "num" | "wide" | "wide num" | "narrow";
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
}

export function Table<Item>({ caption, columns, items, keyOf, empty }: TableProps<Item>) {
  if (items.length === 0) return <p class="empty">{empty}</p>;
  return (
    <Scroll label={caption}>
      <table>
        <caption class="hidden">{caption}</caption>
        <thead>
          <tr>
            {columns.map(({ head, kind }) => (
              <th scope="col" class={kind}>
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {items.map((item) => (
            <tr data-key={keyOf(item)}>{columns.map((column) => cellOf(column, item))}</tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

function cellOf<Item>({ kind, names, cell }: Column<Item>, item: Item) {
  if (names !== true) return <td class={kind}>{cell(item)}</td>;
  return (
    <th scope="row" class={kind}>
      {cell(item)}
    </th>
  );
}

/** What is too wide scrolls here, by keyboard too, and not the page. */
export const Scroll = ({ label, children }: { readonly label: string; readonly children: Child }) => (
  // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reached by keyboard
  <section class="scroll" aria-label={label} tabindex={0}>
    {children}
  </section>
);
