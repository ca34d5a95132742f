/** Dead letters as a table, with checkboxes if they can be selected. */
import type { DeadLetterItem } from "@webhook-gateway/shared/api/dead-letter.ts";
import type { Child } from "hono/jsx";
import { WordBadge } from "./badge.tsx";
import { Ago, None, Text } from "./inline.tsx";
import { paths } from "./link.ts";
import { type Column, Table } from "./table.tsx";
import { shorten, visible } from "./text.ts";
import type { View } from "./view.ts";

interface Props {
  readonly view: View;
  readonly caption: string;
  readonly items: readonly DeadLetterItem[];
  readonly empty: Child;
  readonly selectable?: boolean;
}

export const DeadLetterTable = ({ view, caption, items, empty, selectable = false }: Props) => (
  <Table
    caption={caption}
    items={items}
    keyOf={({ id }) => id}
    empty={empty}
    stack
    columns={[
      ...(selectable ? [SELECTION] : []),
      { head: "Dead letter", names: true, cell: (letter) => <Kind letter={letter} /> },
      { head: "Error", cell: (letter) => <Text text={letter.error} maxLength={160} /> },
      { head: "About", kind: "wide", cell: (letter) => <About letter={letter} /> },
      { head: "Attempts", kind: "wide num", cell: ({ attempts }) => attempts },
      { head: "Died", kind: "num", cell: (letter) => <Ago at={letter.died_at} view={view} /> },
    ]}
  />
);

const SELECTION: Column<DeadLetterItem> = {
  head: "Select",
  kind: "mark",
  cell: ({ id }) => (
    <input type="checkbox" name="id" value={id} aria-label={`Select ${shorten(visible(id), 100)}`} />
  ),
};

const Kind = ({ letter }: { readonly letter: DeadLetterItem }) => (
  <>
    <a href={paths.deadLetter(letter.id)}>
      {letter.kind} · <Text text={letter.class} maxLength={40} />
    </a>
    <div class="muted">
      <WordBadge word={letter.status} />
      {letter.outcome !== null && (
        <>
          {" "}
          <Text text={letter.outcome} maxLength={100} />
        </>
      )}
    </div>
  </>
);

const About = ({ letter }: { readonly letter: DeadLetterItem }) => (
  <>
    {letter.repository === null ? (
      <None word="no repository" />
    ) : (
      <Text text={letter.repository} maxLength={60} />
    )}
    <div class="muted">
      {letter.validation_id !== null && <a href={paths.validation(letter.validation_id)}>validation</a>}
      {letter.validation_id !== null && letter.delivery_id !== null && " · "}
      {letter.delivery_id !== null && <a href={paths.search(letter.delivery_id)}>delivery</a>}
    </div>
  </>
);
