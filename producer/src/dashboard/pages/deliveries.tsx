import type { DeliveryItem } from "@webhook-gateway/shared/api/delivery.ts";
import { DeliveryTable } from "../parts/delivery-table.tsx";
import { type Choice, ChoiceFilter, FilterForm, TextFilter, TimeFilters } from "../parts/filter-form.tsx";
import { Page } from "../parts/layout.tsx";
import { paths } from "../parts/link.ts";
import { Paging } from "../parts/paging.tsx";
import type { ListProps } from "../parts/view.ts";

const OUTCOMES: readonly Choice[] = [
  ["started", "started a validation"],
  ["held", "held: waits for an approval"],
  ["skipped", "skipped: not to be validated"],
  ["reused", "reused: the same files have passed"],
  ["cancelled", "cancelled validations"],
  ["unchanged", "unchanged: already validated"],
  ["stale", "stale: older than the known head"],
  ["unknown_subject", "unknown subject"],
  ["refused", "refused: not this secret's repository"],
  ["repeated", "repeated: the same body again"],
  ["ignored", "ignored"],
  ["recorded", "recorded: no effect"],
];

export const DeliveriesPage = ({ list, filter }: ListProps<DeliveryItem>) => (
  <Page title="Deliveries" section="deliveries" refreshSeconds={10}>
    <h1>Deliveries</h1>
    <FilterForm action={paths.deliveries()} set={Object.keys(filter).length > 0}>
      <ChoiceFilter name="state" label="Outcome" values={filter} choices={OUTCOMES} any="any" />
      <TextFilter name="repo" label="Repository" values={filter} hint="owner/repo" />
      <TextFilter name="event" label="Event" values={filter} hint="pull_request" />
      <TimeFilters values={filter} />
    </FilterForm>
    <DeliveryTable
      caption="Recorded deliveries, newest first"
      items={list.items}
      empty={
        list.next_cursor !== null
          ? "None of the newer deliveries match these filters. Older ones may."
          : Object.keys(filter).length > 0
            ? "No deliveries match these filters. Ignored events are not recorded."
            : "No deliveries yet. The webhook on GitHub must point to /webhook/github of this gateway."
      }
    />
    <Paging path={paths.deliveries()} filter={filter} next={list.next_cursor} />
  </Page>
);
