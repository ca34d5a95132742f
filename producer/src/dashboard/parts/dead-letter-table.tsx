/** Dead letters as a table, with checkboxes if they can be selected. */
import type { DeadLetterItem } from "@webhook-gateway/shared/api/dead-letter.ts";
import { WordBadge } from "./badge.tsx";
import { Ago, None, Text } from "./inline.tsx";
import { paths } from "./link.ts";
import { type Column, type Rows, Table } from "./table.tsx";
import { shorten, visible } from "./text.ts";

export const DeadLetterTable = ({
  selectable = false,
  ...rows
}: Rows<DeadLetterItem> & { readonly selectable?: boolean }) => (
  <Table
    {...rows}
    keyOf={({ id }) => id}
    stack
    columns={[
      ...(selectable ? [SELECTION] : []),
      { head: "Dead letter", names: true, cell: (deadLetter) => <Kind deadLetter={deadLetter} /> },
      { head: "Error", cell: (deadLetter) => <Text text={deadLetter.error} maxLength={160} /> },
      { head: "About", kind: "wide", cell: (deadLetter) => <About deadLetter={deadLetter} /> },
      { head: "Attempts", kind: "wide num", cell: ({ attempts }) => attempts },
      { head: "Died", kind: "num", cell: (deadLetter) => <Ago at={deadLetter.died_at} /> },
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

const Kind = ({ deadLetter }: { readonly deadLetter: DeadLetterItem }) => (
  <>
    <a href={paths.deadLetter(deadLetter.id)}>
      {deadLetter.kind} · <Text text={deadLetter.class} maxLength={40} />
    </a>
    <div class="muted">
      <WordBadge word={deadLetter.status} />
      {deadLetter.outcome !== null && (
        <>
          {" "}
          <Text text={deadLetter.outcome} maxLength={100} />
        </>
      )}
    </div>
  </>
);

const About = ({ deadLetter }: { readonly deadLetter: DeadLetterItem }) => (
  <>
    {deadLetter.repository === null ? (
      <None word="no repository" />
    ) : (
      <Text text={deadLetter.repository} maxLength={60} />
    )}
    <div class="muted">
      {deadLetter.validation_id !== null && (
        <a href={paths.validation(deadLetter.validation_id)}>validation</a>
      )}
      {deadLetter.validation_id !== null && deadLetter.delivery_id !== null && " · "}
      {deadLetter.delivery_id !== null && <a href={paths.search(deadLetter.delivery_id)}>delivery</a>}
    </div>
  </>
);
