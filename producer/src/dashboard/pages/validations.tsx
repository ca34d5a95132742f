import type { ValidationItem } from "@webhook-gateway/shared/api/validation.ts";
import { LIVE_STATES, VALIDATION_STATES } from "@webhook-gateway/shared/domain/validation.ts";
import { type Choice, ChoiceFilter, FilterForm, TextFilter, TimeFilters } from "../parts/filter-form.tsx";
import { RepositoryLink } from "../parts/inline.tsx";
import { Page } from "../parts/layout.tsx";
import { paths } from "../parts/link.ts";
import { Paging } from "../parts/paging.tsx";
import { ValidationTable } from "../parts/validation-table.tsx";
import type { ListProps } from "../parts/view.ts";

const STATES: readonly Choice[] = [
  [LIVE_STATES.join(","), "live: queued to running"],
  ["dispatching,pending,running", "in flight: dispatching to running"],
  ["failed,timed_out,dead", "broken: failed, timed out or dead"],
  ...VALIDATION_STATES.map((state) => [state, state.replaceAll("_", " ")] as const),
];

const EVENTS: readonly Choice[] = [
  ["pull_request", "pull request"],
  ["merge_group", "merge group"],
  ["push", "push"],
];

export const ValidationsPage = ({ list, filter }: ListProps<ValidationItem>) => (
  <Page title="Validations" section="validations" refreshSeconds={5}>
    <h1>Validations</h1>
    <p class="links">
      <a href={paths.repositories}>Repositories by duration</a>
      <a href={paths.flakes()}>Flaky steps</a>
      {filter.repo !== undefined && <RepositoryLink repository={filter.repo} />}
    </p>
    <FilterForm action={paths.validations()} set={Object.keys(filter).length > 0}>
      <ChoiceFilter name="state" label="State" values={filter} choices={STATES} any="any" />
      <TextFilter name="repo" label="Repository" values={filter} hint="owner/repo" />
      <TextFilter name="pr" label="Pull request" values={filter} hint="12" />
      <TextFilter name="sha" label="Head SHA" values={filter} hint="7+ digits" />
      <ChoiceFilter name="event" label="Event" values={filter} choices={EVENTS} any="any" />
      <TimeFilters values={filter} />
    </FilterForm>
    <ValidationTable
      caption="Validations, newest first"
      items={list.items}
      empty={
        Object.keys(filter).length > 0
          ? "No validations match these filters."
          : "No validations yet. The first one starts when a pull request is opened in a repository with the webhook."
      }
    />
    <Paging path={paths.validations()} filter={filter} next={list.next_cursor} />
  </Page>
);
