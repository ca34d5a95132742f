/** One repository, as it is printed. */
import type { ProjectStatus } from "../api/project-status.ts";
import { type Field, fieldLines, tableLines } from "../output/table.ts";
import type { Screen } from "../output/terminal.ts";
import { ageText, utcAndAgeText } from "../output/time-text.ts";
import { eventText } from "./event.ts";
import { shortSha, statusStyle, statusText } from "./validation.ts";

export function projectLines(status: ProjectStatus, screen: Screen): string[] {
  const now = new Date();
  const { project_id, renamed_to, last_event, counts, validations } = status;
  const fields: Field[] = [
    ["repository", renamed_to === undefined ? project_id : `${project_id}, now ${renamed_to}`],
    ["last event", last_event && `${eventText(last_event)}, ${utcAndAgeText(last_event.received_at, now)}`],
    [
      "validations",
      Object.entries(counts)
        .map(([name, count]) => `${count} ${name}`)
        .join(", "),
    ],
  ];
  if (validations.length === 0) return fieldLines(fields, screen);
  const table = tableLines(
    validations,
    [
      { head: "STATE", cell: statusText, rank: 1, min: 10, style: statusStyle },
      { head: "PR", cell: ({ pr_number }) => (pr_number > 0 ? `#${pr_number}` : null), rank: 2 },
      { head: "SHA", cell: ({ head_sha }) => shortSha(head_sha), rank: 3, min: 7 },
      { head: "AGE", cell: ({ created_at }) => ageText(created_at, now), rank: 4, min: 4 },
      { head: "ID", cell: ({ id }) => id, rank: 5, whole: true },
    ],
    screen,
  );
  return [...fieldLines(fields, screen), "", ...table];
}
