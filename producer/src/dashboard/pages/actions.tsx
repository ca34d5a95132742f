/** Who asked for what. */
import { ACTION_NAMES, ACTION_OUTCOMES, type ActionItem } from "@webhook-gateway/shared/api/action.ts";
import { WordBadge } from "../parts/badge.tsx";
import { ChoiceFilter, FilterForm, TextFilter, TimeFilters } from "../parts/filter-form.tsx";
import { Ago, None, RepositoryLink, Text } from "../parts/inline.tsx";
import { Page } from "../parts/layout.tsx";
import { paths } from "../parts/link.ts";
import { Paging } from "../parts/paging.tsx";
import { Table } from "../parts/table.tsx";
import type { ListProps } from "../parts/view.ts";

const choices = (words: readonly string[]) => words.map((word) => [word, word] as const);

export const ActionsPage = ({ list, filter }: ListProps<ActionItem>) => (
  <Page title="Actions" section="actions" refreshSeconds={10}>
    <h1>Actions</h1>
    <p class="muted">
      What people asked for: here, with the command line, and with comments and Re-run on GitHub. Kept for 400
      days.
    </p>
    <FilterForm action={paths.actions()} set={Object.keys(filter).length > 0}>
      <TextFilter name="actor" label="Actor" values={filter} hint="operator:alice" />
      <ChoiceFilter name="action" label="Action" values={filter} choices={choices(ACTION_NAMES)} any="any" />
      <ChoiceFilter
        name="outcome"
        label="Outcome"
        values={filter}
        choices={choices(ACTION_OUTCOMES)}
        any="any"
      />
      <TimeFilters values={filter} />
    </FilterForm>
    <Table
      caption="Actions, newest first"
      items={list.items}
      keyOf={({ id }) => id}
      stack
      empty={Object.keys(filter).length > 0 ? "No actions match these filters." : "No actions yet."}
      columns={[
        { head: "Outcome", kind: "narrow", cell: ({ outcome }) => <WordBadge word={outcome} /> },
        { head: "Actor", names: true, cell: ({ actor }) => <Text text={actor} maxLength={60} /> },
        { head: "Action", cell: ({ action }) => action },
        { head: "Target", cell: (item) => <Target item={item} /> },
        { head: "Reason", cell: ({ reason }) => (reason === null ? <None /> : <Text text={reason} />) },
        { head: "Asked", kind: "num", cell: ({ at }) => <Ago at={at} /> },
      ]}
    />
    <Paging path={paths.actions()} filter={filter} next={list.next_cursor} />
  </Page>
);

/** A validation's id holds the kind of its subject; that of a command about many does not. */
function Target({ item: { action, target } }: { readonly item: ActionItem }) {
  if (target === null) return <None />;
  if (action === "pause" || action === "resume") return <RepositoryLink repository={target} />;
  const isValidation = (action === "cancel" || action === "rerun") && /^\d+-(?:pr|mg|push)-/.test(target);
  const text = <Text text={target} maxLength={60} />;
  return isValidation ? <a href={paths.validation(target)}>{text}</a> : text;
}
