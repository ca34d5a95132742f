/** Dead letters as they are shown. */
import type { DeadLetterDetail, DeadLetterItem } from "@webhook-gateway/shared/api/dead-letter.ts";
import type { Column, Field } from "../output/table.ts";
import { ageText, utcAndAgeText } from "../output/time-text.ts";

/** A list of dead letters. */
export const letterColumns = (now: Date): Column<DeadLetterItem>[] => [
  { head: "ID", cell: ({ id }) => id, rank: 1, whole: true },
  { head: "KIND", cell: ({ kind }) => kind, rank: 2 },
  { head: "CLASS", cell: (letter) => letter.class, rank: 3, min: 9 },
  { head: "STATUS", cell: ({ status }) => status, rank: 4, min: 9 },
  { head: "DIED", cell: ({ died_at }) => ageText(died_at, now), rank: 5, min: 4 },
  { head: "REPOSITORY", cell: ({ repository }) => repository, rank: 6, min: 12 },
  { head: "ERROR", cell: ({ error }) => error, rank: 7, min: 20 },
];

/** One dead letter. */
export const letterFields = (letter: DeadLetterDetail, now: Date): Field[] => [
  ["dead letter", letter.id],
  ["kind", letter.kind],
  ["class", letter.class],
  ["error", letter.error],
  ["attempts", letter.attempts],
  ["first tried", utcAndAgeText(letter.first_at, now)],
  ["died", utcAndAgeText(letter.died_at, now)],
  ["repository", letter.repository],
  ["delivery", letter.delivery_id],
  ["validation", letter.validation_id],
  ["status", letter.status],
  ["replay", letter.replay_id],
  ["closed", letter.closed_at === null ? null : utcAndAgeText(letter.closed_at, now)],
  ["outcome", letter.outcome],
  ["fact", letter.body === null ? null : `${letter.body.length} characters; --raw prints them`],
];
