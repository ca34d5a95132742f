/** Leases queued validations for a dispatch. */
import * as v from "valibot";
import { ALL_REPOSITORIES, isInForce } from "../pauses.ts";
import {
  type DispatchSettings,
  GATE,
  parseDispatchSettings,
  REPLAY_TURN,
  SELECT_DISPATCH_SETTINGS,
  TURN,
} from "../settings.ts";
import { unplanned } from "../sql/parameter.ts";
import { CLAIMED, TALLY_CLAIM } from "../tallies.ts";
import {
  parseValidations,
  VALIDATION_COLUMNS,
  VALIDATION_FIELDS,
  type Validation,
} from "../validation-row.ts";
import type { Emits } from "../write/commit.ts";
import { INSERT_CLAIM_EVENTS } from "../write/event-sql.ts";
import { NEXT_ENTRY } from "../write/validation-sql.ts";
import type { Lease } from "./lease.ts";
import { CANDIDATES, SET_ASIDE } from "./set-aside.ts";

export interface ClaimRequest extends Lease {
  /** The most validations in flight at once; 0: no limit. */
  readonly maxConcurrent: number;
  /** What is sent to other systems. */
  readonly emits?: Emits | undefined;
  /** The most of one repository; 0: no limit. */
  readonly maxPerRepository: number;
}

export interface Claim {
  /** In the order in which they were due. */
  readonly validations: readonly Validation[];
  /** As they were before the claim. */
  readonly settings: DispatchSettings;
  /** When the next backoff ends, if one has ended by now: the wake-up for that one was this one. */
  readonly nextDueAt: string | null;
  /** Some were set aside, and there may be more to claim behind them. */
  readonly setAside: boolean;
}

/** Validations whose backoff has ended that one claim makes claimable again. */
const PROMOTE_LIMIT = 1000;

/**
 * Claims what is due, live work first, then by turn, in one transaction. A closed gate lets nothing through until
 * its time, then one validation; a pause lets nothing through. The limits on validations in flight hold across
 * concurrent consumers.
 */
export async function claimDue(db: D1Database, request: ClaimRequest): Promise<Claim> {
  const { leaseId, now, leaseUntil, limit, maxConcurrent, maxPerRepository, emits } = request;
  const [settings, promoted, next, setAside, claimed] = await db.batch<Record<string, unknown>>([
    db.prepare(SELECT_DISPATCH_SETTINGS),
    db.prepare(PROMOTE).bind(now, PROMOTE_LIMIT),
    db.prepare(SELECT_NEXT_DUE),
    db.prepare(SET_ASIDE).bind(now, maxPerRepository),
    db.prepare(CLAIM).bind(leaseId, leaseUntil, now, limit, maxConcurrent, maxPerRepository),
    db.prepare(TALLY_CLAIM).bind(leaseId, leaseUntil),
    db.prepare(ADVANCE_TURN).bind(leaseId, leaseUntil, now),
    db.prepare(HOLD_GATE_FOR_PROBE).bind(leaseId, leaseUntil, now),
    ...(emits?.events === true ? [db.prepare(INSERT_CLAIM_EVENTS).bind(leaseId, leaseUntil, now)] : []),
  ]);
  const validations = parseValidations(claimed?.results ?? []);
  return {
    validations: validations.toSorted((a, b) => a.lane - b.lane || a.turn - b.turn),
    settings: parseDispatchSettings(settings?.results ?? []),
    nextDueAt: promoted?.meta.changes === 0 ? null : v.parse(nextDue, next?.results)[0].due_at,
    setAside: (setAside?.meta.changes ?? 0) > 0,
  };
}

/** The dispatches that ended without an outcome. */
export async function loadExpiredLeases(db: D1Database, now: string, limit: number): Promise<Validation[]> {
  const { results } = await db.prepare(SELECT_EXPIRED).bind(now, limit).all();
  return parseValidations(results);
}

/** Validations by id, as they are now. */
export async function loadValidations(db: D1Database, ids: readonly string[]): Promise<Validation[]> {
  const { results } = await db.prepare(SELECT_BY_ID).bind(JSON.stringify(ids)).all();
  return parseValidations(results);
}

const PROMOTE = `
  UPDATE validations SET due_at = NULL WHERE seq IN (
    SELECT seq FROM validations WHERE state = 'queued' AND due_at IS NOT NULL AND due_at <= ?1
    ORDER BY due_at LIMIT ${unplanned("?2")})`;

const nextDue = v.tuple([v.object({ due_at: v.nullable(v.string()) })]);

const SELECT_NEXT_DUE = `
  SELECT min(due_at) AS due_at FROM validations WHERE state = 'queued' AND due_at IS NOT NULL`;

/**
 * `INDEXED BY`: otherwise SQLite counts what is leased or at Grainchain by reading every validation.
 *
 * `?6` is planned with: while it is 0, SQLite knows before it begins that it need not count what each repository has.
 *
 * A probe is the validation with the fewest attempts among those whose turn is next: in a long outage the probes
 * spread over the backlog, and use up the attempts of none.
 */
const CLAIM = `
  UPDATE validations AS v SET state = 'dispatching', lease_id = ?1, lease_until = ?2, dispatched_at = ?3,
                              updated_at = ?3, version = version + 1, lane = lane % 2,
                              timeline = json_insert(timeline, '$[#]', json_array(
                                ${NEXT_ENTRY}, ?3, 'queued', 'dispatching', 'claimed for dispatch', NULL))
  WHERE seq IN (
    WITH RECURSIVE ${CANDIDATES("?3", unplanned("?4"), "?6")}
    SELECT seq FROM candidate
    ORDER BY
      CASE WHEN EXISTS (SELECT 1 FROM settings WHERE name = '${GATE}' AND value->>'state' = 'closed')
           THEN attempts END,
      lane, turn, seq
    LIMIT (SELECT max(0, min(
      ?4,
      CASE WHEN EXISTS (SELECT 1 FROM pauses p WHERE p.repository_id = ${ALL_REPOSITORIES} AND ${isInForce("?3")})
           THEN 0 ELSE ?4 END,
      coalesce((SELECT CASE WHEN value->>'state' = 'open' THEN ?4 WHEN value->>'until' > ?3 THEN 0 ELSE 1 END
                FROM settings WHERE name = '${GATE}'), ?4),
      CASE WHEN ?5 = 0 THEN ?4 ELSE ?5
        - (SELECT count(*) FROM validations INDEXED BY validations_leased WHERE lease_id IS NOT NULL)
        - (SELECT count(*) FROM validations INDEXED BY validations_watched WHERE watch_from IS NOT NULL) END))))
  RETURNING ${VALIDATION_FIELDS.join(", ")}`;

const ADVANCE_TURN = `
  INSERT INTO settings (name, value, updated_at)
  SELECT CASE lane WHEN 0 THEN '${TURN}' ELSE '${REPLAY_TURN}' END, CAST(max(turn) AS TEXT), ?3
  FROM validations WHERE ${CLAIMED} GROUP BY lane
  ON CONFLICT (name) DO UPDATE SET
    value = CAST(max(CAST(value AS INTEGER), CAST(excluded.value AS INTEGER)) AS TEXT), updated_at = excluded.updated_at`;

/** While one probe is under way, no other one is sent. */
const HOLD_GATE_FOR_PROBE = `
  UPDATE settings SET value = json_set(value, '$.until', ?2), updated_at = ?3
  WHERE name = '${GATE}' AND value->>'state' = 'closed'
    AND EXISTS (SELECT 1 FROM validations WHERE ${CLAIMED})`;

const SELECT_EXPIRED = `
  SELECT ${VALIDATION_COLUMNS} FROM validations v
  WHERE v.lease_id IS NOT NULL AND v.lease_until < ?1 ORDER BY v.lease_until LIMIT ${unplanned("?2")}`;

const SELECT_BY_ID = `
  SELECT ${VALIDATION_COLUMNS} FROM json_each(?1) k CROSS JOIN validations v ON v.id = k.value`;
