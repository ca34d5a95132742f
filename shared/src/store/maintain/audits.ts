/** Audits: those that operators ask for, and what the scheduled ones found. */
import * as v from "valibot";
import {
  type AuditFinding,
  type AuditItem,
  auditFinding,
  auditItem,
  type auditQuery,
  MAX_FINDINGS,
} from "../../api/audit.ts";
import { type AuditPosition, auditPosition } from "../claim/progress.ts";
import { flag } from "../flag.ts";
import { insertAction } from "../operator-action.ts";
import { type Page, selectPage } from "../read/page.ts";

/** What an audit did. */
export interface AuditCounts {
  readonly audited: number;
  readonly unchanged: number;
  readonly pulls: number;
  readonly missing: number;
  readonly recorded: number;
  readonly closed: number;
}

/** What an audit did, and what it found. */
export interface AuditResult extends AuditCounts {
  readonly found: readonly AuditFinding[];
}

export const NO_RESULT: AuditResult = {
  ...{ audited: 0, unchanged: 0, pulls: 0, missing: 0, recorded: 0, closed: 0 },
  found: [],
};

export interface AuditRequest {
  readonly id: string;
  readonly requested_by: string;
  /** Null: those of the configuration. */
  readonly repositories: readonly string[] | null;
  readonly dry_run: boolean;
}

const json = <Schema extends v.GenericSchema>(schema: Schema) => v.pipe(v.string(), v.parseJson(), schema);
const repositories = v.nullable(json(v.array(v.string())));
const found = json(v.array(auditFinding));

const claimedRow = v.object({
  id: v.string(),
  repositories,
  dry_run: flag,
  found,
  /** Null: at the beginning. */
  position: v.nullable(json(auditPosition)),
});
export type ClaimedAudit = v.InferOutput<typeof claimedRow>;

/** Asks for an audit. */
export async function insertAudit(db: D1Database, request: AuditRequest, now: string): Promise<void> {
  const { id, requested_by: actor, repositories: names, dry_run } = request;
  const reason = [...(names ?? []).slice(0, 5), ...(dry_run ? ["dry run"] : [])].join(", ") || null;
  const asked = { id, at: now, actor, action: "audit", target: id, reason, outcome: "done" } as const;
  const given = names === null ? null : JSON.stringify(names);
  await db.batch([db.prepare(INSERT).bind(id, actor, now, given, dry_run ? 1 : 0), insertAction(db, asked)]);
}

const itemRow = v.object({
  ...auditItem.entries,
  repositories,
  found,
  dry_run: flag,
}) satisfies v.GenericSchema<unknown, AuditItem>;

/** Audits, the latest first. */
export function listAudits(
  db: D1Database,
  query: v.InferOutput<typeof auditQuery>,
): Promise<Page<AuditItem>> {
  return selectPage(db, {
    list: "audits",
    select: SELECT,
    conditions: [],
    order: ["a.requested_at", "a.id"],
    keyOf: ({ requested_at, id }) => [requested_at, id],
    schema: itemRow,
    limit: query.limit,
    cursor: query.cursor,
  });
}

export async function loadAudit(db: D1Database, id: string): Promise<AuditItem | undefined> {
  const row = await db.prepare(`${SELECT} WHERE a.id = ?1`).bind(id).first();
  return row === null ? undefined : v.parse(itemRow, row);
}

const SELECT = `
  SELECT a.id, a.requested_by, a.requested_at, a.repositories, a.dry_run, a.status, a.finished_at, a.audited,
         a.unchanged, a.pulls, a.missing, a.recorded, a.closed, a.found, a.error
  FROM audits a`;

/** Claims the audit that has waited longest. One whose consumer crashed is claimed again. */
export async function claimAudit(
  db: D1Database,
  now: string,
  leaseUntil: string,
): Promise<ClaimedAudit | undefined> {
  const row = await db.prepare(CLAIM).bind(now, leaseUntil).first();
  return row === null ? undefined : v.parse(claimedRow, row);
}

export interface AuditEnd {
  readonly status: "done" | "failed" | "running";
  readonly error: string | null;
  /** Of `running`: where it goes on, and not before which time. */
  readonly position: AuditPosition | null;
  readonly until: string | null;
}

/** Ends an audit, or interrupts it. What it did before is added. */
export async function settleAudit(
  db: D1Database,
  id: string,
  { audited, unchanged, pulls, missing, recorded, closed, found: findings }: AuditResult,
  { status, error, position, until }: AuditEnd,
  now: string,
): Promise<void> {
  await db
    .prepare(SETTLE)
    .bind(
      ...[id, status, audited, unchanged, pulls, missing, recorded, closed],
      ...[JSON.stringify(findings.slice(0, MAX_FINDINGS)), error],
      ...[position === null ? null : JSON.stringify(position), until, status === "running" ? null : now],
    )
    .run();
}

/** Stores what a scheduled audit found. */
export async function insertFoundAudit(
  db: D1Database,
  id: string,
  { audited, unchanged, pulls, missing, recorded, closed, found: findings }: AuditResult,
  error: string | null,
  now: string,
): Promise<void> {
  await db
    .prepare(INSERT_FOUND)
    .bind(
      ...[id, now, error === null ? "done" : "failed", audited, unchanged, pulls, missing, recorded, closed],
      ...[JSON.stringify(findings.slice(0, MAX_FINDINGS)), error],
    )
    .run();
}

const INSERT = `
  INSERT INTO audits (id, requested_by, requested_at, repositories, dry_run, status)
  VALUES (?1, ?2, ?3, ?4, ?5, 'waiting')`;

const CLAIM = `
  UPDATE audits SET status = 'running', lease_until = ?2 WHERE id = (
    SELECT id FROM audits
    WHERE status = 'waiting' OR (status = 'running' AND coalesce(lease_until, '') <= ?1)
    ORDER BY requested_at LIMIT 1)
  RETURNING id, repositories, dry_run, found, position`;

const SETTLE = `
  UPDATE audits SET status = ?2, audited = audited + ?3, unchanged = unchanged + ?4, pulls = pulls + ?5,
                    missing = missing + ?6, recorded = recorded + ?7, closed = closed + ?8, found = ?9, error = ?10,
                    position = ?11, lease_until = ?12, finished_at = ?13
  WHERE id = ?1`;

const INSERT_FOUND = `
  INSERT INTO audits (id, requested_by, requested_at, finished_at, status, audited, unchanged, pulls, missing, recorded,
                      closed, found, error)
  VALUES (?1, 'gateway', ?2, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)`;
