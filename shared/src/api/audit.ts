/** Audits in the operator API. */
import * as v from "valibot";
import { pageQuery, time } from "./page.ts";

export const AUDIT_STATES = ["waiting", "running", "done", "failed"] as const;

/** A pull request of which GitHub knew more than the gateway. */
export const auditFinding = v.object({
  repository: v.string(),
  number: v.number(),
  head_sha: v.string(),
  /** `new`: its head was never seen. `changed`: its head, its reopening or the end of its draft. `closed`: it is closed. */
  what: v.picklist(["new", "changed", "closed"]),
});
export type AuditFinding = v.InferOutput<typeof auditFinding>;

/** The findings that are kept of one audit; more are only counted. */
export const MAX_FINDINGS = 100;

export const auditItem = v.object({
  id: v.string(),
  /** `gateway` for scheduled audits: those that found something. */
  requested_by: v.string(),
  requested_at: time,
  /** Null: those of the configuration. */
  repositories: v.nullable(v.array(v.string())),
  dry_run: v.boolean(),
  status: v.picklist(AUDIT_STATES),
  finished_at: v.nullable(time),
  /** Repositories that were looked at. */
  audited: v.number(),
  /** Of these, those whose open pull requests were the same as at the last audit. */
  unchanged: v.number(),
  /** Open pull requests of the others. */
  pulls: v.number(),
  /** Heads and changes that the gateway had not seen, and how many of them were recorded. */
  missing: v.number(),
  recorded: v.number(),
  /** Pull requests that were open here and closed on GitHub. */
  closed: v.number(),
  /** At most {@link MAX_FINDINGS}. */
  found: v.array(auditFinding),
  error: v.nullable(v.string()),
});
export type AuditItem = v.InferOutput<typeof auditItem>;

export const auditQuery = v.strictObject({ ...pageQuery });

/** The body of `POST /api/audits`. */
export const auditRequest = v.strictObject({
  repositories: v.optional(
    v.pipe(
      v.array(v.pipe(v.string(), v.maxLength(200), v.regex(/^(?!\.+\/)[\w.-]+\/(?!\.{1,2}$)[\w.-]+$/))),
      v.minLength(1),
      v.maxLength(100),
    ),
  ),
  dry_run: v.optional(v.boolean(), false),
});
export type AuditRequestBody = v.InferInput<typeof auditRequest>;
