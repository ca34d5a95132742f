/** Searches for missing deliveries. */
import type { ReconcileItem } from "@webhook-gateway/shared/api/reconcile.ts";
import { WordBadge } from "../parts/badge.tsx";
import { Ago, Text } from "../parts/inline.tsx";
import { Page } from "../parts/layout.tsx";
import { paths } from "../parts/link.ts";
import { Paging } from "../parts/paging.tsx";
import { Table } from "../parts/table.tsx";
import type { ListProps } from "../parts/view.ts";

export const ReconcilesPage = ({ list, filter }: ListProps<ReconcileItem>) => (
  <Page title="Recovery" section="reconciles" refreshSeconds={10}>
    <h1>Recovery of missing deliveries</h1>
    <p class="muted">
      The gateway compares GitHub's list of deliveries with its own records. It fetches missing deliveries, or
      asks GitHub to send them again.
    </p>
    <Table
      caption="Searches for missing deliveries, newest first"
      items={list.items}
      keyOf={({ id }) => id}
      stack
      empty="No searches yet. They need a GitHub App or a token, and RECONCILE_HOOKS."
      columns={[
        { head: "State", kind: "narrow", cell: ({ status }) => <WordBadge word={status} /> },
        { head: "Requested by", names: true, cell: (item) => <RequestedBy item={item} /> },
        { head: "Listed", kind: "wide num", cell: ({ listed }) => listed },
        { head: "Missing", kind: "num", cell: ({ missing }) => missing },
        { head: "Recovered", kind: "num", cell: ({ recovered }) => recovered },
        { head: "Redelivered", kind: "wide num", cell: ({ redelivered }) => redelivered },
        { head: "Requested", kind: "num", cell: (item) => <Ago at={item.requested_at} /> },
      ]}
    />
    <Paging path={paths.reconciles()} filter={filter} next={list.next_cursor} />
  </Page>
);

const RequestedBy = ({ item }: { readonly item: ReconcileItem }) => (
  <>
    <Text text={item.requested_by} maxLength={60} />
    <div class="muted">
      {item.since === null ? (
        "since the last search"
      ) : (
        <>
          since <Ago at={item.since} />
        </>
      )}
      {item.dry_run && ", dry run"}
    </div>
    {item.error !== null && (
      <div class="error">
        <Text text={item.error} maxLength={300} />
      </div>
    )}
  </>
);
