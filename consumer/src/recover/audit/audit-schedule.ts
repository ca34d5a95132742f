/** When repositories are audited: every 15 minutes, and when an operator asks. */

import { MAX_FINDINGS } from "@webhook-gateway/shared/api/audit.ts";
import type { RoutingPolicy } from "@webhook-gateway/shared/routing/routing-policy.ts";
import { AUDIT, claimAuditProgress } from "@webhook-gateway/shared/store/claim/progress.ts";
import {
  type ClaimedAudit,
  claimAudit,
  insertFoundAudit,
  NO_RESULT,
  settleAudit,
} from "@webhook-gateway/shared/store/maintain/audits.ts";
import { setting } from "@webhook-gateway/shared/store/settings.ts";
import { commit } from "@webhook-gateway/shared/store/write/commit.ts";
import { errorText } from "@webhook-gateway/shared/telemetry/log.ts";
import { isoTime } from "@webhook-gateway/shared/text/iso-time.ts";
import { hasRoom } from "../../effects/queries.ts";
import { limitedUntil } from "../../github/ask.ts";
import { type Audited, auditSome } from "./audit.ts";
import type { AuditDeps } from "./audit-seen.ts";
import { type AuditScope, namedScope } from "./scope.ts";

const EVERY_MS = 15 * 60_000;
/** After a failure. */
const AGAIN_MS = 5 * 60_000;
/** Longer than one invocation takes. */
const LEASE_MS = 15 * 60_000;

/**
 * Goes on with the scheduled audit, if it is due. One that an invocation cannot finish goes on at the next minute.
 * @param scope undefined: nothing is audited
 * @returns whether anything was recorded
 */
export async function auditOnSchedule(deps: AuditDeps, scope: AuditScope | undefined): Promise<boolean> {
  if (scope === undefined || !hasRoom(deps.db, "recovery")) return false;
  const nowMs = deps.now().getTime();
  const progress = await claimAuditProgress(deps.db, isoTime(nowMs), isoTime(nowMs + LEASE_MS));
  if (progress === undefined) return false;
  const audited = await auditSome(deps, scope, progress.position, false);
  const { result, position, thrown } = audited;
  const endMs = deps.now().getTime();
  const error = errorOf(audited);
  const againMs = thrown === undefined ? endMs : (limitedUntil(thrown) ?? endMs + AGAIN_MS);
  const isOver = position === null && thrown === undefined;
  const due_at = isoTime(isOver ? Math.max(Date.parse(progress.began_at) + EVERY_MS, endMs) : againMs);
  const value = { ...progress, position, due_at, checked_at: isoTime(endMs), error };
  await commit(deps.db, isoTime(endMs), [setting(AUDIT, value)]);
  logAudit(deps, "gateway", audited);
  const changed = result.recorded + result.closed > 0;
  if (changed) await insertFoundAudit(deps.db, deps.newId(), result, error, isoTime(endMs));
  return changed;
}

export interface RequestedAuditDeps extends AuditDeps {
  readonly routing: RoutingPolicy;
}

/** Performs the audits that operators asked for. @returns whether anything was recorded */
export async function auditRequested(
  deps: RequestedAuditDeps,
  scope: AuditScope | undefined,
): Promise<boolean> {
  let changed = false;
  while (hasRoom(deps.db, "recovery")) {
    const nowMs = deps.now().getTime();
    const asked = await claimAudit(deps.db, isoTime(nowMs), isoTime(nowMs + LEASE_MS));
    if (asked === undefined) break;
    const audited = await auditFor(deps, asked, scope);
    changed ||= audited.result.recorded + audited.result.closed > 0;
    if (!(await settleAsked(deps, asked, audited))) break;
  }
  return changed;
}

const NOTHING: Omit<Audited, "error"> = { result: NO_RESULT, position: null };

function auditFor(
  deps: RequestedAuditDeps,
  { repositories, dry_run, position }: ClaimedAudit,
  configured: AuditScope | undefined,
): Promise<Audited> | Audited {
  if (deps.github.mode === "none") {
    return { ...NOTHING, error: "no credentials for GitHub are configured" };
  }
  const scope = repositories === null ? configured : namedScope(repositories, deps.routing);
  if (scope === undefined) return { ...NOTHING, error: "no repository is configured: AUDIT_REPOSITORIES" };
  return auditSome(deps, scope, position, dry_run);
}

/** @returns whether it has ended */
async function settleAsked(deps: AuditDeps, asked: ClaimedAudit, audited: Audited): Promise<boolean> {
  const { result, position, thrown } = audited;
  const nowMs = deps.now().getTime();
  const limitedMs = limitedUntil(thrown);
  const goesOn = thrown === undefined ? position !== null : limitedMs !== undefined;
  const error = errorOf(audited);
  const status = goesOn ? "running" : error === null ? "done" : "failed";
  const found = [...asked.found, ...result.found].slice(0, MAX_FINDINGS);
  const until = goesOn ? isoTime(limitedMs ?? nowMs) : null;
  await settleAudit(
    deps.db,
    asked.id,
    { ...result, found },
    { status, error, position: goesOn ? position : null, until },
    isoTime(nowMs),
  );
  logAudit(deps, asked.id, audited);
  return !goesOn;
}

function logAudit({ log }: AuditDeps, audit_id: string, audited: Audited): void {
  const { found: _, ...counts } = audited.result;
  const fields = { audit_id, ...counts, unfinished: audited.position !== null };
  const error = errorOf(audited);
  if (error === null) log.info("audit.done", fields);
  else log.warn("audit.done", { ...fields, error });
}

const errorOf = ({ error, thrown }: Audited): string | null =>
  thrown === undefined ? error : errorText(thrown);
