/** Searches for deliveries that never came. */
import type { ReconcileItem } from "@webhook-gateway/shared/api/reconcile.ts";
import type { ListPage } from "../data.ts";
import { WordBadge } from "../parts/badge.tsx";
import { Ago, Words } from "../parts/inline.tsx";
import { Page } from "../parts/layout.tsx";
import { paths } from "../parts/link.ts";
import { Paging } from "../parts/paging.tsx";
import { Table } from "../parts/table.tsx";
import type { View } from "../parts/view.ts";

interface Props {
  readonly view: View;
  readonly list: ListPage<ReconcileItem>;
  readonly filter: Readonly<Record<string, string>>;
}

export const ReconcilesPage = ({ view, list, filter }: Props) => (
  <Page view={view} title="Recovery" place="reconciles" refreshSeconds={10}>
    <h1>Recovery of missing deliveries</h1>
    <p class="muted">
      GitHub's own record of deliveries is compared with what was recorded here; what failed is fetched or
      asked for again.
    </p>
    <Table
      caption="Searches for missing deliveries, the latest first"
      items={list.items}
      keyOf={({ id }) => id}
      stack
      empty="No search yet: they need a GitHub App or token, and RECONCILE_HOOKS."
      columns={[
        { head: "State", kind: "narrow", cell: ({ status }) => <WordBadge word={status} /> },
        { head: "Asked by", names: true, cell: (item) => <AskedBy item={item} view={view} /> },
        { head: "Listed", kind: "wide num", cell: ({ listed }) => listed },
        { head: "Missing", kind: "num", cell: ({ missing }) => missing },
        { head: "Recovered", kind: "num", cell: ({ recovered }) => recovered },
        { head: "Redelivered", kind: "wide num", cell: ({ redelivered }) => redelivered },
        { head: "Asked", kind: "num", cell: (item) => <Ago at={item.requested_at} view={view} /> },
      ]}
    />
    <Paging path={paths.reconciles()} filter={filter} next={list.next_cursor} />
  </Page>
);

const AskedBy = ({ item, view }: { readonly item: ReconcileItem; readonly view: View }) => (
  <>
    <Words text={item.requested_by} maxLength={60} />
    <div class="muted">
      {item.since === null ? (
        "since the last search"
      ) : (
        <>
          since <Ago at={item.since} view={view} />
        </>
      )}
      {item.dry_run && ", only looked"}
    </div>
    {item.error !== null && (
      <div class="error">
        <Words text={item.error} maxLength={300} />
      </div>
    )}
  </>
);
