/** Deliveries as a table, wherever they are listed. */
import type { DeliveryItem } from "@webhook-gateway/shared/api/delivery.ts";
import { durationText, spanMs } from "@webhook-gateway/shared/text/duration.ts";
import { WordBadge } from "./badge.tsx";
import { Ago, None, Text } from "./inline.tsx";
import { paths } from "./link.ts";
import { type Rows, Table } from "./table.tsx";
import { visible } from "./text.ts";

export const DeliveryTable = (rows: Rows<DeliveryItem>) => (
  <Table
    {...rows}
    keyOf={({ id }) => id}
    stack
    columns={[
      { head: "Delivery", names: true, cell: (item) => <Event item={item} /> },
      { head: "Outcome", cell: (item) => <Outcome item={item} /> },
      {
        head: "Sender",
        kind: "wide",
        cell: ({ sender }) => (sender === null ? <None /> : <Text text={sender} maxLength={40} />),
      },
      { head: "Delay", kind: "wide num", cell: (item) => <Lateness item={item} /> },
      { head: "Received", kind: "num", cell: (item) => <Ago at={item.received_at} /> },
    ]}
  />
);

const Event = ({ item }: { readonly item: DeliveryItem }) => (
  <>
    <a href={paths.search(item.id)}>
      <Text text={item.action === null ? item.event : `${item.event}.${item.action}`} maxLength={60} />
    </a>
    <div class="muted">
      {item.repository !== null && (
        <>
          <Text text={item.repository} maxLength={60} /> ·{" "}
        </>
      )}
      <Guid id={item.id} />
    </div>
  </>
);

/** Its first digits are enough on small screens. */
const Guid = ({ id }: { readonly id: string }) => (
  <code title={visible(id.slice(0, 200))}>
    {visible(id.slice(0, 8))}
    <span class="wide">{visible(id.slice(8, 40))}</span>
  </code>
);

const Outcome = ({ item }: { readonly item: DeliveryItem }) => (
  <>
    <WordBadge word={item.outcome} />{" "}
    {item.validation_id !== null && <a href={paths.validation(item.validation_id)}>validation</a>}
    {item.recovered_at !== null && <span class="tag">recovered</span>}
    {item.reason !== null && (
      <div class="muted">
        <Text text={item.reason} maxLength={140} />
      </div>
    )}
  </>
);

/** The time from the event to its arrival. GitHub gives whole seconds. */
function Lateness({ item }: { readonly item: DeliveryItem }) {
  const late = spanMs(item.occurred_at, item.received_at);
  if (late === undefined) return <None word="unknown" />;
  return <span>{late < 1000 ? "under 1s" : durationText(Math.floor(late / 1000) * 1000)}</span>;
}
