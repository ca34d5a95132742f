/** Reads what is recorded of a batch of facts: under their ids, and of deliveries under their digests. */
import * as v from "valibot";
import { possibleIds } from "../../domain/delivery-id.ts";
import type { Fact } from "../../messages/fact.ts";
import type { Lookup, Rows } from "../sql/look-up.ts";

export interface RecordedBefore {
  /** Ids of facts recorded before, with the fingerprints of those deliveries that have one. */
  readonly recorded: ReadonlyMap<string, string | null>;
  /** The ids of deliveries that brought the same bodies, by their digests. */
  readonly bodies: ReadonlyMap<string, string>;
}

/** The lookups, for one round trip with others. */
export function recordedBefore(facts: readonly Fact[]): readonly Lookup[] {
  const callbacks = facts.filter((fact) => fact.kind === "callback");
  const ids = callbacks.map(({ id }) => id);
  const orders = facts.flatMap(({ kind, id }) => (kind === "order" ? [id] : []));
  const deliveries = facts.filter((fact) => fact.kind === "delivery");
  return [
    {
      sql: SELECT_DELIVERIES,
      keys: [deliveries.flatMap(possibleIds), deliveries.flatMap(({ digest }) => digest ?? [])],
    },
    { sql: SELECT_CALLBACKS, keys: [ids, callbacks.map(({ validation_id }) => validation_id)] },
    { sql: SELECT_ORDERS, keys: [orders] },
  ];
}

/** Reads the rows of {@link recordedBefore}. */
export function parseRecordedBefore([deliveries, callbacks, orders]: readonly Rows[]): RecordedBefore {
  const ids = v.parse(v.array(idRow), [...(callbacks ?? []), ...(orders ?? [])]);
  const rows = v.parse(v.array(deliveryRow), deliveries ?? []);
  return {
    // A delivery's fingerprint counts, if something else has the same id: callbacks and orders have none.
    recorded: new Map([
      ...ids.map(({ id }) => [id, null] as const),
      ...rows.map(({ id, fingerprint }) => [id, fingerprint] as const),
    ]),
    bodies: new Map(rows.flatMap(({ id, digest }) => (digest === null ? [] : [[digest, id]]))),
  };
}

const idRow = v.object({ id: v.string() });
const text = v.nullable(v.string());
const deliveryRow = v.object({ id: v.string(), fingerprint: text, digest: text });

/** ?1: their ids, ?2: the digests of their bodies */
const SELECT_DELIVERIES = `
  SELECT id, fingerprint, digest FROM deliveries WHERE id IN (SELECT value FROM json_each(?1))
  UNION ALL
  SELECT d.id, d.fingerprint, d.digest FROM json_each(?2) k CROSS JOIN deliveries d ON d.digest = k.value`;

/** ?1: their ids, ?2: the validations that they name, by our id or by Grainchain's */
const SELECT_CALLBACKS = `
  SELECT e.value->>5 AS id FROM (
      SELECT v.seq FROM json_each(?2) k CROSS JOIN validations v ON v.id = k.value
      UNION SELECT v.seq FROM json_each(?2) k CROSS JOIN validations v ON v.grainchain_id = k.value) named
    CROSS JOIN validations v ON v.seq = named.seq CROSS JOIN json_each(v.timeline) e
    WHERE e.value->>5 IN (SELECT value FROM json_each(?1))
  UNION SELECT id FROM callbacks_unmatched WHERE id IN (SELECT value FROM json_each(?1))`;

const SELECT_ORDERS = "SELECT id FROM operator_actions WHERE id IN (SELECT value FROM json_each(?1))";
