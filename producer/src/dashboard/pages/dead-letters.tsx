import {
  type DEAD_LETTER_KINDS,
  DEAD_LETTER_STATES,
  type DeadLetterItem,
} from "@webhook-gateway/shared/api/dead-letter.ts";
import { DeadLetterListActions } from "../parts/dead-letter-actions.tsx";
import { DeadLetterTable } from "../parts/dead-letter-table.tsx";
import { type Choice, ChoiceFilter, FilterForm, TextFilter, TimeFilters } from "../parts/filter-form.tsx";
import { Page } from "../parts/layout.tsx";
import { paths } from "../parts/link.ts";
import { Paging } from "../parts/paging.tsx";
import { type ListProps, useView } from "../parts/view.ts";

const KINDS: readonly Choice[] = [
  ["fact", "fact: could not be recorded"],
  ["dispatch", "dispatch: Grainchain did not accept it"],
  ["cancel", "cancel: Grainchain did not stop it"],
  ["report", "report: not sent to GitHub"],
] satisfies readonly (readonly [(typeof DEAD_LETTER_KINDS)[number], string])[];

const CLASSES: readonly Choice[] = ["permanent", "retryable", "configuration", "backpressure"].map(
  (name) => [name, name] as const,
);

const STATES: readonly Choice[] = [...DEAD_LETTER_STATES.filter((state) => state !== "open"), "any"].map(
  (state) => [state, state] as const,
);

export const DeadLettersPage = ({ list, filter }: ListProps<DeadLetterItem>) => {
  const { cursor, limit, state, ...scope } = filter;
  const set = Object.keys(filter).length > 0;
  const canAct = useView().role === "operator" && (state ?? "open") === "open" && list.items.length > 0;
  const table = (
    <DeadLetterTable
      caption="Dead letters, newest first"
      items={list.items}
      selectable={canAct}
      empty={
        set
          ? "No dead letters match these filters."
          : "There are no open dead letters. Everything was recorded, dispatched, cancelled and reported."
      }
    />
  );
  return (
    <Page title="Dead letters" section="dead-letters" refreshSeconds={10}>
      <h1>Dead letters</h1>
      <FilterForm action={paths.deadLetters()} set={set}>
        <ChoiceFilter name="kind" label="Kind" values={filter} choices={KINDS} any="any" />
        <ChoiceFilter name="class" label="Class" values={filter} choices={CLASSES} any="any" />
        <ChoiceFilter name="state" label="State" values={filter} choices={STATES} any="open" />
        <TextFilter name="repo" label="Repository" values={filter} hint="owner/repo" />
        <TextFilter name="event" label="Event" values={filter} hint="pull_request" />
        <TimeFilters values={filter} />
      </FilterForm>
      {canAct ? <DeadLetterListActions filter={scope}>{table}</DeadLetterListActions> : table}
      <Paging path={paths.deadLetters()} filter={filter} next={list.next_cursor} />
    </Page>
  );
};
