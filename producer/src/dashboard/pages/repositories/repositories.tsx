/** How long the validations of each repository take. */
import type { RepositoryTimes } from "@webhook-gateway/shared/store/read/repositories.ts";
import { RepositoryLink, Span } from "../../parts/inline.tsx";
import { Page } from "../../parts/layout.tsx";
import { Table } from "../../parts/table.tsx";

interface Props {
  readonly repositories: readonly RepositoryTimes[];
}

export const RepositoriesPage = ({ repositories }: Props) => (
  <Page title="Repositories by duration" section="validations">
    <h1>Repositories by duration</h1>
    <p class="muted">
      Validations that ended within the last 24 hours, the newest 10,000 at most: how long they took from
      queued (or approved) to finished. Half took no longer than p50, 95 of 100 no longer than p95.
    </p>
    <Table
      caption="Repositories by duration, the slowest first"
      items={repositories}
      keyOf={({ repository }) => repository}
      stack
      empty="No validation of the last 24 hours has ended."
      columns={[
        {
          head: "Repository",
          names: true,
          cell: ({ repository }) => <RepositoryLink repository={repository} />,
        },
        { head: "Validations", kind: "num", cell: ({ validations }) => validations },
        { head: "p50", kind: "num", cell: ({ p50_ms }) => <Span ms={p50_ms} /> },
        { head: "p95", kind: "num", cell: ({ p95_ms }) => <Span ms={p95_ms} /> },
        { head: "p99", kind: "num", cell: ({ p99_ms }) => <Span ms={p99_ms} /> },
      ]}
    />
  </Page>
);
