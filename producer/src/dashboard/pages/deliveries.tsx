import type { DeliveryItem } from "@webhook-gateway/shared/api/delivery.ts";
import type { ListPage } from "../data.ts";
import { DeliveryTable } from "../parts/delivery-table.tsx";
import { type Choice, ChoiceFilter, FilterForm, TextFilter, TimeFilters } from "../parts/filter-form.tsx";
import { Page } from "../parts/layout.tsx";
import { paths } from "../parts/link.ts";
import { Paging } from "../parts/paging.tsx";
import type { View } from "../parts/view.ts";

const OUTCOMES: readonly Choice[] = [
  ["started", "started a validation"],
  ["cancelled", "cancelled validations"],
  ["unchanged", "unchanged: validated already"],
  ["stale", "stale: older than what is known"],
  ["unknown_subject", "unknown subject"],
  ["ignored", "ignored"],
  ["recorded", "recorded, nothing to do"],
];

interface Props {
  readonly view: View;
  readonly list: ListPage<DeliveryItem>;
  readonly filter: Readonly<Record<string, string>>;
}

export const DeliveriesPage = ({ view, list, filter }: Props) => (
  <Page view={view} title="Deliveries" place="deliveries" refreshSeconds={10}>
    <h1>Deliveries</h1>
    <FilterForm action={paths.deliveries()} set={Object.keys(filter).length > 0}>
      <ChoiceFilter name="state" label="Outcome" values={filter} choices={OUTCOMES} any="any" />
      <TextFilter name="repo" label="Repository" values={filter} hint="owner/repo" />
      <TextFilter name="event" label="Event" values={filter} hint="pull_request" />
      <TimeFilters values={filter} />
    </FilterForm>
    <DeliveryTable
      view={view}
      caption="Recorded deliveries, the latest first"
      items={list.items}
      empty={
        Object.keys(filter).length > 0
          ? "No delivery matches these filters. Events that need nothing done are not recorded."
          : "No delivery yet: GitHub's webhook must point at /webhook/github of this gateway."
      }
    />
    <Paging path={paths.deliveries()} filter={filter} next={list.next_cursor} />
  </Page>
);
