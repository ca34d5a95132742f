/** Reports to GitHub: an outbox, one row a validation, with the newest state to show. */
import type { Gate } from "../../domain/gate.ts";
import { GITHUB_GATE, parseGate } from "../settings.ts";
import { type DueReport, parseDueReports, SELECT_CLAIMED } from "./due-report.ts";
import type { Lease } from "./lease.ts";

/**
 * Marks due reports as skipped, if there are no credentials to post them.
 * @returns how many
 */
export async function skipReports(db: D1Database, reason: string, limit: number): Promise<number> {
  const [reports] = await db.batch([
    db.prepare(SKIP_REPORTS).bind(reason, limit),
    db.prepare("UPDATE reactions SET status = 'skipped', reason = ?1 WHERE status = 'due'").bind(reason),
  ]);
  return reports?.meta.changes ?? 0;
}

/**
 * Claims reports that are due, final states first. One report of a head is under way at a time, so that an older state
 * cannot overtake a newer one.
 */
export async function claimReports(
  db: D1Database,
  { leaseId, now, leaseUntil, limit }: Lease,
): Promise<{ readonly reports: readonly DueReport[]; readonly gate: Gate }> {
  const [gate, , , claimed] = await db.batch<Record<string, unknown>>([
    db.prepare("SELECT value FROM settings WHERE name = ?1").bind(GITHUB_GATE),
    db.prepare(CLAIM_REPORTS).bind(leaseId, leaseUntil, now, limit),
    db.prepare(HOLD_GATE_FOR_PROBE).bind(leaseId, leaseUntil, now),
    db.prepare(SELECT_CLAIMED).bind(leaseId),
  ]);
  return {
    reports: parseDueReports(claimed?.results ?? []),
    gate: parseGate(gate?.results[0]?.value),
  };
}

/** Reports that have to wait for one credential. */
export interface Postponement {
  /** Null: all of them. */
  readonly installation_id: number | null;
  /** 1: only states on the way to a final one. */
  readonly priority: 0 | 1;
  /** Only those that create something, and not those that change it. */
  readonly creates: boolean;
  readonly until: string;
}

/** Postpones what is due, so that it does not keep others from being claimed. */
export async function postponeReports(db: D1Database, putOff: readonly Postponement[]): Promise<void> {
  await db.batch([db.prepare(PUT_OFF).bind(JSON.stringify(putOff))]);
}

/** Stores which installation each repository belongs to; null if our App is not installed on it. */
export async function storeInstallations(
  db: D1Database,
  found: readonly { readonly repository_id: number; readonly installation_id: number | null }[],
  now: string,
): Promise<void> {
  await db.prepare(STORE_INSTALLATIONS).bind(JSON.stringify(found), now).run();
}

const SKIP_REPORTS = `
  UPDATE reports SET status = 'skipped', reason = ?1 WHERE validation_id IN (
    SELECT validation_id FROM reports WHERE status = 'due' ORDER BY priority, due_at LIMIT ?2)`;

/** No other report of the head is under way. */
const HEAD_IS_FREE = `
  NOT EXISTS (SELECT 1 FROM reports o WHERE o.repository_id = r.repository_id AND o.head_sha = r.head_sha
                AND o.lease_until > ?3)`;

const CLAIM_REPORTS = `
  UPDATE reports SET lease_id = ?1, lease_until = ?2, claims = claims + 1 WHERE validation_id IN (
    SELECT validation_id FROM (
      SELECT validation_id, priority, due_at, attempts FROM (
        SELECT r.validation_id, r.priority, r.due_at, r.attempts FROM reports r
        WHERE r.status = 'due' AND r.priority = 0 AND r.due_at <= ?3 AND ${HEAD_IS_FREE} ORDER BY r.due_at LIMIT ?4)
      UNION ALL
      SELECT validation_id, priority, due_at, attempts FROM (
        SELECT r.validation_id, r.priority, r.due_at, r.attempts FROM reports r
        WHERE r.status = 'due' AND r.priority = 1 AND r.due_at <= ?3 AND ${HEAD_IS_FREE} ORDER BY r.due_at LIMIT ?4))
    ORDER BY CASE WHEN EXISTS (SELECT 1 FROM settings WHERE name = '${GITHUB_GATE}' AND value->>'state' = 'closed')
                  THEN attempts END,
             priority, due_at
    LIMIT (SELECT coalesce((
      SELECT CASE WHEN value->>'state' = 'open' THEN ?4 WHEN value->>'until' > ?3 THEN 0 ELSE 1 END
      FROM settings WHERE name = '${GITHUB_GATE}'), ?4)))`;

/** While one probe is under way, no other one is sent. */
const HOLD_GATE_FOR_PROBE = `
  UPDATE settings SET value = json_set(value, '$.until', ?2), updated_at = ?3
  WHERE name = '${GITHUB_GATE}' AND value->>'state' = 'closed'
    AND EXISTS (SELECT 1 FROM reports WHERE lease_id = ?1)`;

/** Looks up the repository of each due report, and never those of an installation: it can have thousands. */
const PUT_OFF = `
  UPDATE reports SET due_at = p.value->>'until' FROM json_each(?1) AS p
  WHERE reports.status = 'due' AND reports.due_at < p.value->>'until' AND reports.lease_id IS NULL
    AND reports.priority >= p.value->>'priority' AND (reports.external_id IS NULL OR NOT p.value->>'creates')
    AND (p.value->>'installation_id' IS NULL OR EXISTS (
      SELECT 1 FROM repositories r
      WHERE r.repository_id = reports.repository_id AND r.installation_id = p.value->>'installation_id'))`;

const STORE_INSTALLATIONS = `
  INSERT INTO repositories (repository_id, last_turn, installation_id, installation_at)
  SELECT value->>'repository_id', 0, value->>'installation_id', ?2 FROM json_each(?1) WHERE true
  ON CONFLICT (repository_id) DO UPDATE SET
    installation_id = excluded.installation_id, installation_at = excluded.installation_at`;
