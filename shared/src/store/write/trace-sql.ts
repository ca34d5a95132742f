/** Validations whose trace is to be exported: an outbox, one row each time that one has ended. */
import { isFinal } from "../../domain/validation.ts";
import { isoTime } from "../../text/iso-time.ts";
import type { TimelineEntry } from "../rows.ts";
import { insert } from "./insert-sql.ts";

/** By then, its end is reported to GitHub, as long as nothing limits that. */
const REPORTED_MS = 60_000;

/** What has ended. */
export const endedOf = (now: string, timeline: readonly TimelineEntry[]): object[] =>
  timeline.flatMap(({ validation_id, from_state, to_state }) =>
    from_state !== to_state && isFinal(to_state)
      ? [{ validation_id, due_at: isoTime(Date.parse(now) + REPORTED_MS) }]
      : [],
  );

export const INSERT_TRACES = insert("outgoing_traces", ["validation_id", "due_at"], {});
