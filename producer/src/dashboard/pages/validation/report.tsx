/** What GitHub was told of a validation. */
import type { ValidationDetail } from "@webhook-gateway/shared/api/validation.ts";
import { WordBadge } from "../../parts/badge.tsx";
import { Fields } from "../../parts/fields.tsx";
import { At, Words } from "../../parts/inline.tsx";
import type { View } from "../../parts/view.ts";

interface Props {
  readonly report: ValidationDetail["report"];
  readonly view: View;
}

export function Report({ report, view }: Props) {
  if (report === null) return <p class="empty">Nothing is to be told to GitHub yet.</p>;
  return (
    <Fields
      of={[
        ["Status", <WordBadge word={report.status} />],
        ["Wanted", <Words text={report.state.replaceAll("_", " ")} />],
        report.posted_state === null
          ? undefined
          : ["On GitHub", <Words text={report.posted_state.replaceAll("_", " ")} />],
        report.posted_at === null ? undefined : ["Posted", <At at={report.posted_at} view={view} />],
        report.status === "due" ? ["Due", <At at={report.due_at} view={view} />] : undefined,
        report.attempts === 0 ? undefined : ["Attempts", report.attempts],
        report.reason === null ? undefined : ["Reason", <Words text={report.reason} maxLength={500} />],
        report.error === null ? undefined : ["Error", <Words text={report.error} maxLength={2000} />],
      ]}
    />
  );
}
