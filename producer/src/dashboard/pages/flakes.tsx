/** Steps that passed and failed on one commit. */
import { FLAKE_DAYS, type FlakeItem } from "@webhook-gateway/shared/api/flake.ts";
import { FilterForm, TextFilter } from "../parts/filter-form.tsx";
import { Ago, RepositoryLink, Text } from "../parts/inline.tsx";
import { Page } from "../parts/layout.tsx";
import { paths } from "../parts/link.ts";
import { Table } from "../parts/table.tsx";
import type { ListProps } from "../parts/view.ts";

export const FlakesPage = ({ list, filter }: ListProps<FlakeItem>) => (
  <Page title="Flaky steps" section="validations">
    <h1>Flaky steps</h1>
    <p class="muted">
      Steps that passed in one run of a commit and failed in another, within {FLAKE_DAYS} days unless another
      time is given. Only commits that were run again can show it.
    </p>
    <FilterForm action={paths.flakes()} set={Object.keys(filter).length > 0}>
      <TextFilter name="repo" label="Repository" values={filter} hint="owner/repo" />
      <TextFilter name="since" label="Since" values={filter} hint="2026-11-01" />
    </FilterForm>
    <Table
      caption="Flaky steps, the flakiest first"
      items={list.items}
      keyOf={({ repository, step }) => `${repository} ${step}`}
      stack
      empty="No flaky steps found."
      columns={[
        { head: "Step", names: true, cell: ({ step }) => <Text text={step} maxLength={120} /> },
        {
          head: "Repository",
          cell: ({ repository }) => <RepositoryLink repository={repository} />,
        },
        { head: "Commits", kind: "num", cell: ({ commits }) => commits },
        { head: "Passed", kind: "num", cell: ({ passed }) => passed },
        {
          head: "Failed",
          kind: "num",
          cell: ({ failed, failed_validation_id }) => (
            <a href={paths.validation(failed_validation_id)}>{failed}</a>
          ),
        },
        { head: "Last", kind: "num", cell: ({ last_at }) => <Ago at={last_at} /> },
      ]}
    />
  </Page>
);
