/** The details of a validation. */
import type { ValidationDetail } from "@webhook-gateway/shared/api/validation.ts";
import { isFinal } from "@webhook-gateway/shared/domain/validation.ts";
import { Fields } from "../../parts/fields.tsx";
import { At, RepositoryLink, Text, Took } from "../../parts/inline.tsx";
import { paths } from "../../parts/link.ts";
import type { View } from "../../parts/view.ts";

interface Props {
  readonly validation: ValidationDetail;
  readonly view: View;
}

export const ValidationFields = ({ validation, view }: Props) => {
  const { id, ref, head_sha, base_sha, event, run, lane, attempts, cause, delivery_id } = validation;
  return (
    <Fields
      of={[
        ["Validation", <Code text={id} />],
        ["Repository", <RepositoryLink repository={validation.repository} />],
        ["Ref", <Text text={ref} maxLength={300} />],
        ["Head", <Code text={head_sha} />],
        ["Base", <Code text={base_sha} />],
        ["Event", <Text text={event.replaceAll("_", " ")} />],
        ["Run", `${run}${lane === "replay" ? ", replayed behind live work" : ""}`],
        validation.reason === null ? undefined : ["Why", <Text text={validation.reason} maxLength={300} />],
        validation.fork
          ? ["Fork", <Text text={validation.head_repository ?? "deleted"} maxLength={200} />]
          : undefined,
        validation.author === null
          ? undefined
          : ["Author", <Text text={authorText(validation)} maxLength={200} />],
        validation.trusted ? undefined : ["Trusted", "no"],
        validation.tree_sha === null ? undefined : ["Tree", <Code text={validation.tree_sha} />],
        validation.reused_from === null
          ? undefined
          : ["Reused from", <ValidationLink id={validation.reused_from} />],
        ["Cause", <Text text={cause} maxLength={300} />],
        ["Delivery", <DeliveryLink id={delivery_id} />],
        ["Dispatch attempts", attempts],
        validation.grainchain_id === null
          ? undefined
          : ["Grainchain id", <Code text={validation.grainchain_id} />],
        ["Queued", <At at={validation.created_at} view={view} />],
        validation.due_at === null ? undefined : ["Next attempt", <At at={validation.due_at} view={view} />],
        ["Dispatched", <At at={validation.dispatched_at} view={view} />],
        ["Started", <At at={validation.started_at} view={view} />],
        ["Last callback", <At at={validation.heard_at} view={view} />],
        ["Finished", <At at={validation.finished_at} view={view} />],
        validation.archived_at === null
          ? undefined
          : ["In the archive since", <At at={validation.archived_at} view={view} />],
        [
          "Total time",
          <Took
            from={validation.created_at}
            to={validation.finished_at}
            ongoing={!isFinal(validation.state)}
            view={view}
          />,
        ],
      ]}
    />
  );
};

const authorText = ({ author, author_association }: ValidationDetail): string =>
  author_association === null ? `${author}` : `${author} (${author_association.toLowerCase()})`;

const Code = ({ text }: { readonly text: string }) => (
  <code>
    <Text text={text} maxLength={200} />
  </code>
);

const ValidationLink = ({ id }: { readonly id: string }) => (
  <a href={paths.validation(id)}>
    <Code text={id} />
  </a>
);

export const DeliveryLink = ({ id }: { readonly id: string }) => (
  <a href={paths.search(id)}>
    <Code text={id} />
  </a>
);
