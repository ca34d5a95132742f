import { describe, expect, test } from "vitest";
import type { DeliveryRow, TimelineEntry } from "../src/store/rows.ts";
import { type Tally, talliesOf } from "../src/store/tallies.ts";
import type { Validation } from "../src/store/validation-row.ts";

interface Changes {
  readonly deliveries: readonly DeliveryRow[];
  readonly validations: readonly Validation[];
  readonly timeline: readonly TimelineEntry[];
}

const CREATED = "2026-11-01T09:59:30.000Z";
const AT = "2026-11-01T10:01:00.500Z";

/** Only what the counts are made of. */
const validation = (id: string, fields: Partial<Validation> = {}): Validation =>
  ({
    id,
    repository: "octo/widgets",
    created_at: CREATED,
    conclusion: null,
    reused_from: null,
    ...fields,
  }) as Validation;

const move = (
  id: string,
  from_state: TimelineEntry["from_state"],
  to_state: TimelineEntry["to_state"],
): TimelineEntry => ({ validation_id: id, at: AT, from_state, to_state, reason: "", delivery_id: null });

const delivery = (received_at: string, recovered_at: string | null = null): Changes["deliveries"][number] =>
  ({ received_at, recovered_at }) as Changes["deliveries"][number];

const counts = ({
  deliveries = [],
  validations = [],
  timeline = [],
}: Partial<Changes>): Record<string, number> =>
  Object.fromEntries(
    talliesOf(deliveries, validations, timeline).map(({ kind, key, name, n }: Tally) => [
      `${kind} ${key} ${name}`.trim(),
      n,
    ]),
  );

describe("what changes add to the counts", () => {
  test.each<[string, Partial<Changes>, Record<string, number>]>([
    ["nothing", {}, {}],
    [
      "deliveries, by the minute in which they were received",
      { deliveries: [delivery(AT), delivery(AT), delivery(CREATED, AT)] },
      {
        "received 2026-11-01T10:01": 2,
        "received 2026-11-01T09:59": 1,
        "recovered 2026-11-01T10:01": 1,
      },
    ],
    [
      "validations that are queued",
      {
        validations: [validation("a"), validation("b")],
        timeline: [move("a", null, "queued"), move("b", null, "queued")],
      },
      { "hour 2026-11-01T09 validations": 2, "standing  queued": 2 },
    ],
    [
      "one that succeeds",
      {
        validations: [validation("a", { conclusion: "success" })],
        timeline: [move("a", "running", "completed")],
      },
      {
        "standing  running": -1,
        "repository octo/widgets completed": 1,
        "ended 2026-11-01T10:01 completed": 1,
        "hour 2026-11-01T09 ms:60000-120000": 1,
        "hour 2026-11-01T09 duration_ms": 90_500,
        "hour 2026-11-01T09 succeeded": 1,
      },
    ],
    [
      "one whose files have passed before: it took no time",
      {
        validations: [validation("a", { conclusion: "success", reused_from: "b" })],
        timeline: [move("a", null, "completed")],
      },
      {
        "hour 2026-11-01T09 validations": 1,
        "repository octo/widgets completed": 1,
        "ended 2026-11-01T10:01 completed": 1,
        "hour 2026-11-01T09 succeeded": 1,
        "hour 2026-11-01T09 reused": 1,
      },
    ],
    [
      "one that is queued and superseded at once: it stands nowhere",
      {
        validations: [validation("a")],
        timeline: [move("a", null, "queued"), move("a", "queued", "superseded")],
      },
      {
        "hour 2026-11-01T09 validations": 1,
        "repository octo/widgets superseded": 1,
        "ended 2026-11-01T10:01 superseded": 1,
        "hour 2026-11-01T09 ms:60000-120000": 1,
        "hour 2026-11-01T09 duration_ms": 90_500,
      },
    ],
    [
      "a dead one that is queued again",
      { validations: [validation("a")], timeline: [move("a", "dead", "queued")] },
      { "repository octo/widgets dead": -1, "hour 2026-11-01T09 broken": -1, "standing  queued": 1 },
    ],
    [
      "nothing for a word that moves nothing",
      { validations: [validation("a")], timeline: [move("a", "completed", "completed")] },
      {},
    ],
  ])("%s", (_name, changes, expected) => {
    expect(counts(changes)).toEqual(expected);
  });
});
