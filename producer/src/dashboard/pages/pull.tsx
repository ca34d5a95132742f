/** All runs of one pull request. */
import type { ValidationItem } from "@webhook-gateway/shared/api/validation.ts";
import type { ListPage } from "../data.ts";
import { StateBadge } from "../parts/badge.tsx";
import { Outside, Text } from "../parts/inline.tsx";
import { Page } from "../parts/layout.tsx";
import { paths, pullPath, repositoryPath } from "../parts/link.ts";
import { Paging } from "../parts/paging.tsx";
import { ValidationTable } from "../parts/validation-table.tsx";

interface Props {
  readonly repository: string;
  readonly number: number;
  readonly list: ListPage<ValidationItem>;
  readonly filter: Readonly<Record<string, string>>;
}

export const PullPage = ({ repository, number, list, filter }: Props) => {
  const [newest] = list.items;
  return (
    <Page title={`${repository.slice(0, 200)}#${number}`} section="validations" refreshSeconds={5}>
      <div class="title">
        <h1>
          <Text text={repository} />#{number}
        </h1>
        {newest !== undefined && filter.cursor === undefined && <StateBadge of={newest} />}
        <a href={repositoryPath(repository)}>Repository</a>
        <a href={paths.search(`${repository}#${number}`)}>Trace deliveries and runs</a>
        {newest !== undefined && <Outside address={newest.pr_url}>View on GitHub</Outside>}
      </div>
      <ValidationTable
        caption={`Runs of ${repository.slice(0, 200)}#${number}, newest first`}
        items={list.items}
        empty="There are no more runs of this pull request."
      />
      <Paging
        path={pullPath(repository, number) ?? paths.validations()}
        filter={filter}
        next={list.next_cursor}
      />
    </Page>
  );
};
