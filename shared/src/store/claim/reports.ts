/** Reports to GitHub: an outbox, one row a validation, with the newest state to show. */
import * as v from "valibot";
import { type Gate, OPEN_GATE } from "../../domain/gate.ts";
import { flag } from "../flag.ts";
import { GITHUB_GATE, parseGate } from "../settings.ts";
import { credentialOf, DUE_INSTALLATIONS, limitedUntil } from "../sql/limit.ts";
import { LEASED_REPORTS } from "../sql/report-lease.ts";
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
 * Claims reports that are due, final states first, the newest first. Installations take turns, and those that may not
 * send yet are left out. One report of a head is under way at a time, so that an older state cannot overtake a newer one.
 * @param mode as an App, whose installations have limits of their own, or with a token, which has one for everything
 * @param known what is due; it is looked up if it is not known
 */
export async function claimReports(
  db: D1Database,
  mode: "app" | "token",
  { leaseId, now, leaseUntil, limit }: Lease,
  known?: DueReports,
): Promise<{ readonly reports: readonly DueReport[]; readonly gate: Gate }> {
  const { report, report_expired } = known ?? (await loadDueReports(db, now));
  // Most claims would find nothing.
  if (!report) return { reports: [], gate: OPEN_GATE };
  const batch = await db.batch<Record<string, unknown>>([
    ...(report_expired ? END_LEASES : []).map((sql) => db.prepare(sql).bind(now)),
    db.prepare("SELECT value FROM settings WHERE name = ?1").bind(GITHUB_GATE),
    db.prepare(CLAIM_REPORTS).bind(leaseId, leaseUntil, now, limit, mode),
    db.prepare(HOLD_GATE_FOR_PROBE).bind(leaseId, leaseUntil, now),
  ]);
  const [gates, claimed] = batch.slice(-3);
  const gate = parseGate(gates?.results[0]?.value);
  if (claimed?.meta.changes === 0) return { reports: [], gate };
  // Not in the same transaction: if D1 cannot read them, they stay leased, and others are claimed next.
  const { results } = await db.prepare(SELECT_CLAIMED).bind(leaseId).all();
  return { reports: parseDueReports(results), gate };
}

/** Stores which installation each repository belongs to; null if our App is not installed on it. */
export async function storeInstallations(
  db: D1Database,
  found: readonly { readonly repository_id: number; readonly installation_id: number | null }[],
  now: string,
): Promise<void> {
  await db.prepare(STORE_INSTALLATIONS).bind(JSON.stringify(found), now).run();
}

const loadDueReports = async (db: D1Database, now: string): Promise<DueReports> =>
  v.parse(dueReports, await db.prepare(`SELECT ${DUE_REPORTS}`).bind(now).first());

/** Whether a report is due that nobody is posting, and whether a lease has run out. */
export const dueReports = v.object({ report: flag, report_expired: flag });
type DueReports = v.InferOutput<typeof dueReports>;

/** ?1: now */
export const DUE_REPORTS = `
    EXISTS (SELECT 1 FROM reports
            WHERE status = 'due' AND validation_id NOT IN (${LEASED_REPORTS} WHERE l.until > ?1)) AS report,
    EXISTS (SELECT 1 FROM report_leases WHERE until <= ?1) AS report_expired`;

const SKIP_REPORTS = `
  UPDATE reports SET status = 'skipped', reason = ?1 WHERE validation_id IN (
    SELECT validation_id FROM reports WHERE status = 'due' LIMIT ?2)`;

/** What a lease that has run out had claimed may be posted or not. */
const END_LEASES: readonly string[] = [
  `UPDATE reports SET claims = claims + 1 WHERE validation_id IN (${LEASED_REPORTS} WHERE l.until <= ?1)`,
  "DELETE FROM report_leases WHERE until <= ?1",
];

/** The heads of which a report is under way. */
const LEASED_HEADS = `
    leased (repository_id, head_sha) AS MATERIALIZED (
      SELECT o.repository_id, o.head_sha FROM (${LEASED_REPORTS}) k CROSS JOIN reports o ON o.validation_id = k.value)`;
/** Not `NOT IN`: that looks for nulls in every row of `leased`, for each head. */
const HEAD_IS_FREE =
  "iif((d.repository_id, d.head_sha) IN (SELECT repository_id, head_sha FROM leased), 0, 1)";

/** At least so many reports of each kind are looked at, even if many installations have some. */
const MIN_SHARE = 3;

/** The kinds of due reports: the columns of the index `reports_due` between the installation and the time. */
const KINDS = [0, 1, 2, 3]
  .flatMap((priority) => [0, 1].map((creates) => [priority, creates]))
  .flatMap(([priority, creates]) => [0, 1].map((postponed) => `(${priority}, ${creates}, ${postponed})`))
  .join(", ");

/**
 * Whether GitHub has failed for an installation: reports of it wait to be sent again. While the gate is closed, the one
 * that is sent as a probe comes from an installation without any, or GitHub failing for one would keep the gate closed
 * for all.
 */
const BACKS_OFF = (installation: string): string => `
  EXISTS (SELECT 1 FROM kind n CROSS JOIN reports b
          WHERE b.status = 'due' AND b.installation_id = ${installation} AND b.priority = n.priority
            AND b.creates = n.creates AND b.postponed = 1)`;

/**
 * Walks from each installation that has due reports to the next one, and reads a few reports of each kind that no limit
 * holds: the cost grows with those installations, and neither with the reports nor with the repositories.
 */
const CLAIM_REPORTS = `
  INSERT INTO report_leases (id, until, reports)
  SELECT ?1, ?2, json_group_array(validation_id) FROM (
    WITH RECURSIVE ${LEASED_HEADS}, ${DUE_INSTALLATIONS("reports")},
    kind (priority, creates, postponed) AS (VALUES ${KINDS}),
    free AS MATERIALIZED (
      SELECT i.id, k.* FROM installation i CROSS JOIN kind k
        LEFT JOIN limits l ON l.credential = ${credentialOf("i.id", "?5")}
      WHERE i.id IS NOT NULL
        AND ${limitedUntil("l", { minor: "k.priority > 0", creates: "(k.creates OR ?5 = 'token')" })} <= ?3),
    candidate AS (
      SELECT r.validation_id, r.installation_id, r.priority, r.attempts,
             row_number() OVER (PARTITION BY r.installation_id, r.priority ORDER BY r.due_at DESC) AS place
      FROM free f CROSS JOIN reports r ON r.rowid IN (
        SELECT d.rowid FROM reports d
        WHERE d.status = 'due' AND d.installation_id = f.id AND d.priority = f.priority AND d.creates = f.creates
          AND d.postponed = f.postponed AND d.due_at <= ?3 AND ${HEAD_IS_FREE}
        ORDER BY d.due_at DESC
        LIMIT (SELECT CAST(max(${MIN_SHARE}, ?4 / count(DISTINCT id)) AS INTEGER) FROM free)))
    SELECT validation_id FROM candidate
    ORDER BY CASE WHEN EXISTS (SELECT 1 FROM settings WHERE name = '${GITHUB_GATE}' AND value->>'state' = 'closed')
                  THEN ${BACKS_OFF("candidate.installation_id")} * 1000 + attempts END,
             priority, place, random()
    LIMIT (SELECT coalesce((
      SELECT CASE WHEN value->>'state' = 'open' THEN ?4 WHEN value->>'until' > ?3 THEN 0 ELSE 1 END
      FROM settings WHERE name = '${GITHUB_GATE}'), ?4)))
  HAVING count(*) > 0`;

/** While one probe is under way, no other one is sent. */
const HOLD_GATE_FOR_PROBE = `
  UPDATE settings SET value = json_set(value, '$.until', ?2), updated_at = ?3
  WHERE name = '${GITHUB_GATE}' AND value->>'state' = 'closed'
    AND EXISTS (SELECT 1 FROM report_leases WHERE id = ?1)`;

const STORE_INSTALLATIONS = `
  INSERT INTO repositories (repository_id, last_turn, installation_id, installation_at)
  SELECT value->>'repository_id', 0, value->>'installation_id', ?2 FROM json_each(?1) WHERE true
  ON CONFLICT (repository_id) DO UPDATE SET
    installation_id = excluded.installation_id, installation_at = excluded.installation_at`;
