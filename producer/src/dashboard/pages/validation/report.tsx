/** The report of a validation to GitHub. */
import type { ValidationDetail } from "@webhook-gateway/shared/api/validation.ts";
import { WordBadge } from "../../parts/badge.tsx";
import { Fields } from "../../parts/fields.tsx";
import { At, Text } from "../../parts/inline.tsx";
import type { View } from "../../parts/view.ts";

interface Props {
  readonly report: ValidationDetail["report"];
  readonly view: View;
}

export function Report({ report, view }: Props) {
  if (report === null) return <p class="empty">There is no report to GitHub yet.</p>;
  return (
    <Fields
      of={[
        ["Status", <WordBadge word={report.status} />],
        ["State to report", <Text text={report.state.replaceAll("_", " ")} />],
        report.posted_state === null
          ? undefined
          : ["On GitHub", <Text text={report.posted_state.replaceAll("_", " ")} />],
        report.posted_at === null ? undefined : ["Posted", <At at={report.posted_at} view={view} />],
        report.status === "due" ? ["Due", <At at={report.due_at} view={view} />] : undefined,
        report.attempts === 0 ? undefined : ["Attempts", report.attempts],
        report.reason === null ? undefined : ["Reason", <Text text={report.reason} maxLength={500} />],
        report.error === null ? undefined : ["Error", <Text text={report.error} maxLength={2000} />],
      ]}
    />
  );
}
