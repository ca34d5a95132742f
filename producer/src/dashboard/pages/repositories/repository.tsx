/** One repository: whether its dispatch is paused, how long its validations take, and its validations. */
import type { ValidationItem } from "@webhook-gateway/shared/api/validation.ts";
import type { Repository } from "@webhook-gateway/shared/store/read/repositories.ts";
import type { ListPage } from "../../data.ts";
import { Badge } from "../../parts/badge.tsx";
import { Span, Text } from "../../parts/inline.tsx";
import { Page } from "../../parts/layout.tsx";
import { paths, repositoryPath } from "../../parts/link.ts";
import { Paging } from "../../parts/paging.tsx";
import { ValidationTable } from "../../parts/validation-table.tsx";
import { PauseForms, PauseText } from "./pause.tsx";

interface Props {
  readonly repository: Repository;
  readonly list: ListPage<ValidationItem>;
  readonly filter: Readonly<Record<string, string>>;
}

export const RepositoryPage = ({ repository, list, filter }: Props) => {
  const { name, pauses, times } = repository;
  return (
    <Page title={name.slice(0, 200)} section="validations" refreshSeconds={5}>
      <div class="title">
        <h1>
          <Text text={name} maxLength={200} />
        </h1>
        {pauses.length > 0 && <Badge tone="warn" word="paused" />}
        <a href={paths.validations({ repo: name })}>Filter validations</a>
        <a href={paths.flakes({ repo: name })}>Flaky steps</a>
      </div>
      {pauses.map((pause) => (
        <p class="notice">
          <PauseText pause={pause} />
        </p>
      ))}
      <PauseForms repository={name} pauses={pauses} />
      {times !== undefined && (
        <p class="muted">
          Last 24 hours: {times.validations} ended, of the newest 1,000. From queued to finished: p50{" "}
          <Span ms={times.p50_ms} />, p95 <Span ms={times.p95_ms} />, p99 <Span ms={times.p99_ms} />.
        </p>
      )}
      <ValidationTable
        caption="Validations of this repository, newest first"
        items={list.items}
        empty="There are no more validations of this repository."
      />
      <Paging path={repositoryPath(name) ?? paths.validations()} filter={filter} next={list.next_cursor} />
    </Page>
  );
};
