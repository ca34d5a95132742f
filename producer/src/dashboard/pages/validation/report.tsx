/** The report of a validation to GitHub. */
import type { ValidationDetail } from "@webhook-gateway/shared/api/validation.ts";
import { WordBadge } from "../../parts/badge.tsx";
import { Fields } from "../../parts/fields.tsx";
import { At, Text } from "../../parts/inline.tsx";

export function Report({ report }: Pick<ValidationDetail, "report">) {
  if (report === null) return <p class="empty">There is no report to GitHub yet.</p>;
  return (
    <Fields
      of={[
        ["Status", <WordBadge word={report.status} />],
        ["State to report", <Text text={report.state.replaceAll("_", " ")} />],
        ["On GitHub", report.posted_state && <Text text={report.posted_state.replaceAll("_", " ")} />],
        ["Posted", report.posted_at && <At at={report.posted_at} />],
        ["Due", report.status === "due" && <At at={report.due_at} />],
        ["Attempts", report.attempts > 0 && report.attempts],
        ["Reason", report.reason && <Text text={report.reason} maxLength={500} />],
        ["Error", report.error && <Text text={report.error} maxLength={2000} />],
      ]}
    />
  );
}
