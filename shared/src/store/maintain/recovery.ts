/** Compares deliveries as GitHub lists them with those that are recorded. */
import * as v from "valibot";

const deliveryRow = v.object({
  id: v.string(),
  event: v.nullable(v.string()),
  action: v.nullable(v.string()),
  repository_id: v.nullable(v.number()),
  fingerprint: v.nullable(v.string()),
  delivered_at: v.nullable(v.string()),
  dead: v.number(),
});

/** What is known under a GUID. */
export type AccountedFor = v.InferOutput<typeof deliveryRow>;

/** Which of these GUIDs are accounted for: recorded, or dead and visible as such. */
export async function loadAccountedFor(
  db: D1Database,
  guids: readonly string[],
): Promise<ReadonlyMap<string, AccountedFor>> {
  const { results } = await db.prepare(SELECT_ACCOUNTED_FOR).bind(JSON.stringify(guids)).all();
  return new Map(v.parse(v.array(deliveryRow), results).map((row) => [row.id, row]));
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

/** Dead letters are found by their ids: those that are open can be many. Nothing is stored of when GitHub delivered them. */
const SELECT_ACCOUNTED_FOR = `
  SELECT substr(id, 6) AS id, fact->>'$.event' AS event, fact->>'$.action' AS action,
         fact->>'$.repository.id' AS repository_id, fact->>'$.fingerprint' AS fingerprint, NULL AS delivered_at,
         1 AS dead
  FROM (SELECT id, status, CASE WHEN json_valid(body) THEN body END AS fact FROM dead_letters)
  WHERE +status IN ('open', 'replaying') AND id IN (SELECT 'fact-' || value FROM json_each(?1))
  UNION ALL
  SELECT id, event, action, repository_id, fingerprint, delivered_at, 0
  FROM deliveries WHERE id IN (SELECT value FROM json_each(?1))`;

/** The first attempt counts: redeliveries of the same GUID come later. */
const SET_TIMES = `
  UPDATE deliveries SET
    delivered_at = min(coalesce(delivered_at, t.value->>'delivered_at'), t.value->>'delivered_at'),
    throttled_at = coalesce(throttled_at, t.value->>'throttled_at')
  FROM json_each(?1) AS t
  WHERE deliveries.id = t.value->>'guid'
    AND (delivered_at IS NULL OR delivered_at > t.value->>'delivered_at' OR
         (throttled_at IS NULL AND t.value->>'throttled_at' IS NOT NULL))`;
