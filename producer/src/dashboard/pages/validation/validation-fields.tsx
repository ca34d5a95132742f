/** The details of a validation. */
import type { ValidationDetail } from "@webhook-gateway/shared/api/validation.ts";
import { isFinal } from "@webhook-gateway/shared/domain/validation.ts";
import { Fields } from "../../parts/fields.tsx";
import { At, Code, CodeLink, RepositoryLink, Text, Took } from "../../parts/inline.tsx";
import { paths } from "../../parts/link.ts";

export const ValidationFields = ({ validation }: { readonly validation: ValidationDetail }) => {
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
        ["Why", validation.reason && <Text text={validation.reason} maxLength={300} />],
        ["Fork", validation.fork && <Text text={validation.head_repository ?? "deleted"} maxLength={200} />],
        ["Author", validation.author && <Text text={authorText(validation)} maxLength={200} />],
        ["Trusted", !validation.trusted && "no"],
        ["Tree", validation.tree_sha && <Code text={validation.tree_sha} />],
        [
          "Reused from",
          validation.reused_from && (
            <CodeLink href={paths.validation(validation.reused_from)} text={validation.reused_from} />
          ),
        ],
        ["Cause", <Text text={cause} maxLength={300} />],
        ["Delivery", <CodeLink href={paths.search(delivery_id)} text={delivery_id} />],
        ["Dispatch attempts", attempts],
        ["Grainchain id", validation.grainchain_id && <Code text={validation.grainchain_id} />],
        ["Queued", <At at={validation.created_at} />],
        ["Next attempt", validation.due_at && <At at={validation.due_at} />],
        ["Dispatched", <At at={validation.dispatched_at} />],
        ["Started", <At at={validation.started_at} />],
        ["Last callback", <At at={validation.heard_at} />],
        ["Finished", <At at={validation.finished_at} />],
        ["In the archive since", validation.archived_at && <At at={validation.archived_at} />],
        [
          "Total time",
          <Took
            from={validation.created_at}
            to={validation.finished_at}
            ongoing={!isFinal(validation.state)}
          />,
        ],
      ]}
    />
  );
};

const authorText = ({ author, author_association }: ValidationDetail): string =>
  author_association === null ? `${author}` : `${author} (${author_association.toLowerCase()})`;
