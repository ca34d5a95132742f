/** Replays and other commands about many rows, as they are printed. */
import type { ReplayItem } from "@webhook-gateway/shared/api/replay.ts";
import type { Column, Field } from "../output/table.ts";
import { ageText, utcAndAgeText } from "../output/time-text.ts";

export const replayColumns = (now: Date): Column<ReplayItem>[] => [
  { head: "ID", cell: ({ id }) => id, rank: 1, whole: true },
  { head: "ACTION", cell: ({ action }) => action, rank: 5 },
  {
    head: "STATUS",
    cell: ({ status }) => status,
    rank: 2,
    min: 9,
    style: ({ status }) => (status === "cancelled" ? "yellow" : undefined),
  },
  { head: "DONE", cell: ({ replayed, total }) => `${replayed}/${total}`, rank: 3, min: 11 },
  {
    head: "FAILED",
    cell: ({ failed }) => failed,
    rank: 4,
    min: 6,
    style: (item) => (item.failed > 0 && !isAboutValidations(item) ? "red" : undefined),
  },
  { head: "AGE", cell: ({ requested_at }) => ageText(requested_at, now), rank: 6, min: 4 },
  { head: "BY", cell: ({ requested_by }) => requested_by, rank: 7, min: 6 },
  { head: "REASON", cell: ({ reason }) => reason, rank: 8, min: 10 },
];

/** Of the other two, dead letters. */
export const isAboutValidations = ({ action }: ReplayItem): boolean =>
  action === "rerun" || action === "cancel";

/** `, 2 failed`; empty if none did. */
export const failedText = (item: ReplayItem): string =>
  item.failed === 0 ? "" : `, ${item.failed} ${isAboutValidations(item) ? "left alone" : "failed"}`;

export const replayFields = (item: ReplayItem, now: Date): Field[] => [
  [item.action, item.id],
  ["status", item.status],
  [
    isAboutValidations(item) ? "validations" : "dead letters",
    `${item.replayed} of ${item.total} done${failedText(item)}`,
  ],
  ["rate", item.action === "discard" ? null : `${item.rate} a minute`],
  ["scope", item.scope],
  ["reason", item.reason],
  ["requested", `${utcAndAgeText(item.requested_at, now)} by ${item.requested_by}`],
  ["finished", item.finished_at === null ? null : utcAndAgeText(item.finished_at, now)],
];
