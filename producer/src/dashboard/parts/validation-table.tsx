/** Validations as a table, wherever they are listed. */
import type { ValidationItem } from "@webhook-gateway/shared/api/validation.ts";
import { isFinal } from "@webhook-gateway/shared/domain/validation.ts";
import { StateBadge } from "./badge.tsx";
import { Ago, Sha, Text, Took } from "./inline.tsx";
import { paths } from "./link.ts";
import { type Rows, Table } from "./table.tsx";

export const ValidationTable = (rows: Rows<ValidationItem>) => (
  <Table
    {...rows}
    keyOf={({ id }) => id}
    stack
    columns={[
      { head: "State", kind: "narrow", cell: (item) => <State item={item} /> },
      { head: "Validation", names: true, cell: (item) => <Subject item={item} /> },
      {
        head: "Waited",
        kind: "wide num",
        cell: (item) => (
          <Took
            from={item.created_at}
            to={item.dispatched_at ?? item.finished_at}
            ongoing={!isFinal(item.state)}
          />
        ),
      },
      {
        head: "Ran",
        kind: "wide num",
        cell: (item) => (
          <Took
            from={item.started_at ?? item.dispatched_at}
            to={item.finished_at}
            ongoing={!isFinal(item.state)}
          />
        ),
      },
      { head: "Attempts", kind: "wide num", cell: ({ attempts }) => attempts },
      { head: "Queued", kind: "num", cell: (item) => <Ago at={item.created_at} /> },
    ]}
  />
);

const State = ({ item }: { readonly item: ValidationItem }) => (
  <>
    <StateBadge of={item} />
    {item.state === "queued" && item.due_at !== null && (
      <div class="muted">
        next attempt <Ago at={item.due_at} />
      </div>
    )}
  </>
);

/** What a validation is about: `acme/widgets#12`, or the repository alone if there is no pull request. */
export const SubjectText = ({
  item,
}: {
  readonly item: Pick<ValidationItem, "repository" | "pr_number">;
}) => (
  <>
    <Text text={item.repository} />
    {item.pr_number > 0 && `#${item.pr_number}`}
  </>
);

const Subject = ({ item }: { readonly item: ValidationItem }) => (
  <>
    <a href={paths.validation(item.id)}>
      <SubjectText item={item} />
    </a>
    <div class="muted">
      <Text text={item.ref} maxLength={60} /> · <Sha sha={item.head_sha} />
      {item.run > 1 && ` · run ${item.run}`}
      {item.event !== "pull_request" && (
        <>
          {" · "}
          <Text text={item.event.replaceAll("_", " ")} maxLength={40} />
        </>
      )}
      {item.lane === "replay" && " · replayed"}
    </div>
    {item.error !== null && (
      <div class="error">
        <Text text={item.error} maxLength={140} />
      </div>
    )}
  </>
);
