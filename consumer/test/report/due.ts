import { isFinal } from "@webhook-gateway/shared/domain/validation.ts";
import type { DueReport } from "@webhook-gateway/shared/store/claim/due-report.ts";

export const WANTED_AT = "2026-11-23T10:00:00.000Z";

/** A report of a queued validation of which nothing was posted; every field may be replaced. */
export const due = (fields: Partial<DueReport> = {}): DueReport => ({
  validation_id: "7-pr-1-abc-1",
  repository_id: 7,
  repository: "acme/widgets",
  head_sha: "a".repeat(40),
  context: "pull_request",
  kind: "pull_request",
  number: 1,
  ref: "topic",
  run: 1,
  state: "queued",
  conclusion: null,
  error: null,
  reason: null,
  fork: false,
  dispatch_attempts: 0,
  created_at: WANTED_AT,
  started_at: null,
  finished_at: null,
  digest: null,
  attempts: 0,
  wanted_at: WANTED_AT,
  due_at: WANTED_AT,
  priority: isFinal(fields.state ?? "queued") ? 0 : 1,
  creates: true,
  revision: 1,
  claims: 1,
  posts: 0,
  posted_hash: null,
  is_shown: true,
  others: [],
  shown: null,
  context_posts: 0,
  others_uncertain: false,
  installation_id: null,
  installation_at: null,
  ...fields,
});
