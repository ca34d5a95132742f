/** The statements of a decision's transaction that write dead letters. */
import { insert, NOW } from "./insert-sql.ts";

/** Whether a dead letter's fact has this fingerprint. What is not known is taken for the same. */
const saysTheSame = (body: string, fingerprint: string): string => `
    (${fingerprint} IS NULL OR ${fingerprint} = coalesce(
      CASE WHEN json_valid(${body}) THEN (${body})->>'$.fingerprint' END, ${fingerprint}))`;

/** A delivery's GUID, whatever its id: see domain/delivery-id.ts. */
const guidOf = (id: string): string => `substr(${id}, 1, instr(${id} || '~', '~') - 1)`;

/**
 * A redelivered message makes no second dead letter. If an effect was replayed and died again, its dead letter is
 * opened again. A fact is recorded when it is replayed, so only an old message can still be about its death. A fact that
 * was recorded after all is not dead.
 */
export const INSERT_DEAD_LETTERS = `${insert(
  "dead_letters",
  [
    ...["id", "kind", "class", "error", "attempts", "first_at", "repository", "delivery_id", "validation_id"],
    "body",
  ],
  { died_at: NOW },
)}
    AND (value->>'kind' <> 'fact' OR NOT EXISTS (
      SELECT 1 FROM deliveries d WHERE d.id = value->>'delivery_id' AND ${saysTheSame("value->>'body'", "d.fingerprint")}))
  ON CONFLICT (id) DO UPDATE SET
    class = excluded.class, error = excluded.error, attempts = excluded.attempts, died_at = excluded.died_at,
    status = 'open', replay_id = NULL, closed_at = NULL, outcome = dead_letters.status || ', and dead again'
  WHERE dead_letters.kind <> 'fact' AND dead_letters.status IN ('replayed', 'discarded')`;

export const SETTLE_DEAD_LETTERS = `
  UPDATE dead_letters SET
    status = o.value->>'status', outcome = o.value->>'outcome',
    replay_id = CASE o.value->>'status' WHEN 'open' THEN NULL ELSE replay_id END,
    closed_at = CASE o.value->>'status' WHEN 'open' THEN NULL ELSE o.value->>'now' END
  FROM json_each(?1) AS o
  WHERE dead_letters.id = o.value->>'id'`;

export const COUNT_FAILED_DEAD_LETTERS = `
  UPDATE replays SET failed = failed + (
    SELECT count(*) FROM json_each(?1) o
    WHERE o.value->>'replay_id' = replays.id AND o.value->>'status' = 'open')
  WHERE id IN (SELECT value->>'replay_id' FROM json_each(?1))`;

/** A fact that is recorded is not dead: GitHub has delivered it again, or its replay is what records it. */
export const CLOSE_RECORDED_DEAD_LETTERS = `
  UPDATE dead_letters SET status = 'replayed', closed_at = d.value->>'now', outcome = 'recorded: ' || (d.value->>'outcome')
  FROM json_each(?1) AS d
  WHERE dead_letters.id = 'fact-' || ${guidOf("(d.value->>'id')")} AND dead_letters.status IN ('open', 'replaying')
    AND d.value->>'outcome' <> 'refused' AND ${saysTheSame("dead_letters.body", "d.value->>'fingerprint'")}`;
