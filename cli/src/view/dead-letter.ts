/** Dead letters, as they are printed. */
import type { DeadLetterDetail, DeadLetterItem } from "@webhook-gateway/shared/api/dead-letter.ts";
import type { Column, Field } from "../output/table.ts";
import { ageText, utcAndAgeText } from "../output/time-text.ts";

export const deadLetterColumns = (now: Date): Column<DeadLetterItem>[] => [
  { head: "ID", cell: ({ id }) => id, rank: 1, whole: true },
  { head: "KIND", cell: ({ kind }) => kind, rank: 2 },
  { head: "CLASS", cell: (deadLetter) => deadLetter.class, rank: 3, min: 9 },
  { head: "STATUS", cell: ({ status }) => status, rank: 4, min: 9 },
  { head: "DIED", cell: ({ died_at }) => ageText(died_at, now), rank: 5, min: 4 },
  { head: "REPOSITORY", cell: ({ repository }) => repository, rank: 6, min: 12 },
  { head: "ERROR", cell: ({ error }) => error, rank: 7, min: 20 },
];

export const deadLetterFields = (deadLetter: DeadLetterDetail, now: Date): Field[] => [
  ["dead letter", deadLetter.id],
  ["kind", deadLetter.kind],
  ["class", deadLetter.class],
  ["error", deadLetter.error],
  ["attempts", deadLetter.attempts],
  ["first tried", utcAndAgeText(deadLetter.first_at, now)],
  ["died", utcAndAgeText(deadLetter.died_at, now)],
  ["repository", deadLetter.repository],
  ["delivery", deadLetter.delivery_id],
  ["validation", deadLetter.validation_id],
  ["status", deadLetter.status],
  ["replay", deadLetter.replay_id],
  ["closed", deadLetter.closed_at === null ? null : utcAndAgeText(deadLetter.closed_at, now)],
  ["outcome", deadLetter.outcome],
  ["fact", deadLetter.body === null ? null : `${deadLetter.body.length} characters; --raw prints them`],
];
