/** Reads what is recorded of a batch of facts: under their ids, and of deliveries under their digests. */
import * as v from "valibot";
import { possibleIds } from "../../domain/delivery-id.ts";
import type { Fact } from "../../messages/fact.ts";

export interface RecordedBefore {
  /** Ids of facts recorded before, with the fingerprints of those deliveries that have one. */
  readonly recorded: ReadonlyMap<string, string | null>;
  /** The ids of deliveries that brought the same bodies, by their digests. */
  readonly bodies: ReadonlyMap<string, string>;
}

/** The statements, for one batch with others. */
export const recordedBefore = (db: D1Database, facts: readonly Fact[]): readonly D1PreparedStatement[] => [
  db
    .prepare(SELECT_RECORDED)
    .bind(
      JSON.stringify(facts.flatMap(possibleIds)),
      JSON.stringify(facts.flatMap(({ kind, id }) => (kind === "callback" ? [id] : []))),
      JSON.stringify(facts.flatMap(({ kind, id }) => (kind === "order" ? [id] : []))),
      JSON.stringify(facts.flatMap((fact) => (fact.kind === "callback" ? [fact.validation_id] : []))),
    ),
  db
    .prepare(SELECT_BODIES)
    .bind(JSON.stringify(facts.flatMap((fact) => (fact.kind === "delivery" ? (fact.digest ?? []) : [])))),
];

type Rows = D1Result<Record<string, unknown>> | undefined;

/** Reads the results of {@link recordedBefore}. */
export function parseRecordedBefore(recorded: Rows, bodies: Rows): RecordedBefore {
  const rows = v.parse(v.array(recordedRow), recorded?.results ?? []);
  return {
    // Callbacks have no fingerprint.
    recorded: new Map(
      rows
        .toSorted((a, b) => (a.fingerprint ?? "").localeCompare(b.fingerprint ?? ""))
        .map(({ id, fingerprint }) => [id, fingerprint]),
    ),
    bodies: new Map(v.parse(v.array(bodyRow), bodies?.results ?? []).map(({ digest, id }) => [digest, id])),
  };
}

const recordedRow = v.object({ id: v.string(), fingerprint: v.nullable(v.string()) });
const bodyRow = v.object({ digest: v.string(), id: v.string() });

const SELECT_RECORDED = `
  SELECT id, fingerprint FROM deliveries WHERE id IN (SELECT value FROM json_each(?1))
  UNION SELECT e.value->>5, NULL FROM (
      SELECT v.seq FROM json_each(?4) k CROSS JOIN validations v ON v.id = k.value
      UNION SELECT v.seq FROM json_each(?4) k CROSS JOIN validations v ON v.grainchain_id = k.value) named
    CROSS JOIN validations v ON v.seq = named.seq CROSS JOIN json_each(v.timeline) e
    WHERE e.value->>5 IN (SELECT value FROM json_each(?2))
  UNION SELECT id, NULL FROM callbacks_unmatched WHERE id IN (SELECT value FROM json_each(?2))
  UNION SELECT id, NULL FROM operator_actions WHERE id IN (SELECT value FROM json_each(?3))`;

const SELECT_BODIES = `
  SELECT d.digest, d.id FROM json_each(?1) k CROSS JOIN deliveries d ON d.digest = k.value`;
