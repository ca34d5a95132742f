/** Compares deliveries as GitHub lists them with those that are recorded. */
import * as v from "valibot";

const idRow = v.object({ id: v.string() });

/** Which of these GUIDs are accounted for: recorded, or dead and visible as such. */
export async function loadAccountedFor(
  db: D1Database,
  guids: readonly string[],
): Promise<ReadonlySet<string>> {
  const { results } = await db.prepare(SELECT_ACCOUNTED_FOR).bind(JSON.stringify(guids)).all();
  return new Set(v.parse(v.array(idRow), results).map(({ id }) => id));
}

export interface DeliveryTimes {
  readonly guid: string;
  readonly delivered_at: string;
  readonly throttled_at: string | null;
}

/** Stores when GitHub delivered what is recorded, so that operators see where time was spent. */
export async function storeDeliveryTimes(db: D1Database, times: readonly DeliveryTimes[]): Promise<void> {
  await db.prepare(SET_TIMES).bind(JSON.stringify(times)).run();
}

const SELECT_ACCOUNTED_FOR = `
  SELECT id FROM deliveries WHERE id IN (SELECT value FROM json_each(?1))
  UNION
  SELECT substr(id, 6) FROM dead_letters
  WHERE status IN ('open', 'replaying') AND id IN (SELECT 'fact-' || value FROM json_each(?1))`;

/** The first attempt counts: redeliveries of the same GUID come later. */
const SET_TIMES = `
  UPDATE deliveries SET
    delivered_at = min(coalesce(delivered_at, t.value->>'delivered_at'), t.value->>'delivered_at'),
    throttled_at = coalesce(throttled_at, t.value->>'throttled_at')
  FROM json_each(?1) AS t
  WHERE deliveries.id = t.value->>'guid'
    AND (delivered_at IS NULL OR delivered_at > t.value->>'delivered_at' OR
         (throttled_at IS NULL AND t.value->>'throttled_at' IS NOT NULL))`;
