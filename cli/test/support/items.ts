/** What the operator API answers with, made for one test. */
import type { AuditItem } from "@webhook-gateway/shared/api/audit.ts";
import type { DeadLetterDetail, DeadLetterItem } from "@webhook-gateway/shared/api/dead-letter.ts";
import type { DeliveryItem } from "@webhook-gateway/shared/api/delivery.ts";
import type { Overview } from "@webhook-gateway/shared/api/overview.ts";
import type { ReconcileItem } from "@webhook-gateway/shared/api/reconcile.ts";
import type { ReplayItem } from "@webhook-gateway/shared/api/replay.ts";
import type { Trace } from "@webhook-gateway/shared/api/trace.ts";
import type { ValidationDetail, ValidationItem } from "@webhook-gateway/shared/api/validation.ts";
import { VALIDATION_STATES } from "@webhook-gateway/shared/domain/validation.ts";

export const AT = "2026-11-24T00:08:19.123Z";
export const SHA = "6dcb09b5b57875f334f61aebed695e2e4193db5e";
export const VALIDATION_ID = `186853002-pr-12-${SHA}-1`;
export const GUID = "72d3162e-cc78-11e3-81ab-4c9367dc0958";

export const makeDelivery = (changes: Partial<DeliveryItem> = {}): DeliveryItem => ({
  id: GUID,
  event: "pull_request",
  action: "opened",
  repository: "acme/widgets",
  sender: "mona",
  secret: "current",
  received_at: AT,
  recorded_at: AT,
  occurred_at: AT,
  delivered_at: null,
  throttled_at: null,
  recovered_at: null,
  outcome: "started",
  reason: null,
  validation_id: VALIDATION_ID,
  ...changes,
});

export const makeValidation = (changes: Partial<ValidationItem> = {}): ValidationItem => ({
  id: VALIDATION_ID,
  repository: "acme/widgets",
  pr_number: 12,
  pr_url: "https://github.com/acme/widgets/pull/12",
  event: "pull_request",
  ref: "refs/pull/12/head",
  head_sha: SHA,
  base_sha: "0".repeat(40),
  run: 1,
  state: "completed",
  conclusion: "success",
  lane: "live",
  attempts: 1,
  due_at: null,
  grainchain_id: "gc-1",
  error: null,
  created_at: AT,
  dispatched_at: AT,
  started_at: AT,
  finished_at: "2026-11-24T00:08:31.623Z",
  heard_at: AT,
  ...changes,
});

export const makeDetail = (changes: Partial<ValidationDetail> = {}): ValidationDetail => ({
  ...makeValidation(),
  archived_at: null,
  cause: "pull_request.opened",
  delivery_id: GUID,
  reason: null,
  fork: false,
  head_repository: null,
  author: "octocat",
  author_association: "MEMBER",
  trusted: true,
  tree_sha: null,
  reused_from: null,
  timeline: [
    { at: AT, from_state: null, to_state: "queued", reason: "pull_request opened", delivery_id: GUID },
    { at: AT, from_state: "running", to_state: "completed", reason: "callback", delivery_id: "cb-1" },
  ],
  report: {
    state: "completed",
    status: "skipped",
    reason: "no credentials",
    error: null,
    attempts: 0,
    wanted_at: AT,
    due_at: AT,
    posted_state: null,
    posted_at: null,
  },
  results: null,
  ...changes,
});

export const makeDeadLetter = (changes: Partial<DeadLetterItem> = {}): DeadLetterItem => ({
  id: "dl-1",
  kind: "dispatch",
  class: "permanent",
  error: "422 the request is refused",
  attempts: 1,
  first_at: AT,
  died_at: AT,
  repository: "acme/widgets",
  delivery_id: GUID,
  validation_id: VALIDATION_ID,
  status: "open",
  replay_id: null,
  closed_at: null,
  outcome: null,
  ...changes,
});

export const makeDeadLetterDetail = (changes: Partial<DeadLetterDetail> = {}): DeadLetterDetail => ({
  ...makeDeadLetter(),
  body: null,
  ...changes,
});

export const makeReplay = (changes: Partial<ReplayItem> = {}): ReplayItem => ({
  id: "replay-1",
  action: "replay",
  requested_by: "mona@desk",
  requested_at: AT,
  reason: null,
  scope: '{"all":true}',
  rate: 600,
  total: 2,
  replayed: 0,
  failed: 0,
  status: "running",
  finished_at: null,
  ...changes,
});

export const makeReconcile = (changes: Partial<ReconcileItem> = {}): ReconcileItem => ({
  id: "reconcile-1",
  requested_by: "mona@desk",
  requested_at: AT,
  since: null,
  dry_run: false,
  status: "waiting",
  finished_at: null,
  listed: 0,
  missing: 0,
  recovered: 0,
  redelivered: 0,
  error: null,
  ...changes,
});

export const makeAudit = (changes: Partial<AuditItem> = {}): AuditItem => ({
  id: "audit-1",
  requested_by: "operator:mona",
  requested_at: AT,
  repositories: null,
  dry_run: false,
  status: "waiting",
  finished_at: null,
  ...{ audited: 0, unchanged: 0, pulls: 0, missing: 0, recorded: 0, closed: 0 },
  found: [],
  error: null,
  ...changes,
});

export const makeOverview = (changes: Partial<Overview> = {}): Overview => ({
  service: "webhook-gateway",
  version: "0.1.0",
  environment: "development",
  timestamp: AT,
  states: Object.fromEntries(VALIDATION_STATES.map((state) => [state, 0])) as Overview["states"],
  waiting: { live: 0, replay: 0, backing_off: 0, oldest_at: null, next_due_at: null },
  gates: [
    { name: "grainchain", state: "open", reason: null, detail: null, since: null, until: null },
    { name: "github", state: "open", reason: null, detail: null, since: null, until: null },
  ],
  dead_letters: [],
  reports: { due: 0, oldest_due_at: null, dead: 0 },
  events: { oldest_at: null },
  cancels: { due: 0, dead: 0 },
  deliveries: { last_at: null, last_hour: 0, recovered_last_day: 0 },
  pauses: [],
  replays_running: 0,
  reused_last_day: 0,
  database: { bytes: 7_100_000_000, max_bytes: 10_000_000_000, shortened: null },
  hours: [],
  ...changes,
});

export const makeTrace = (changes: Partial<Trace> = {}): Trace => ({
  kind: "pull_request",
  deliveries: [makeDelivery()],
  validations: [
    {
      validation: makeValidation(),
      steps: [
        { at: AT, gap_ms: null, step: "accepted", detail: `202, delivery ${GUID}` },
        { at: "2026-11-24T00:08:31.623Z", gap_ms: 12_500, step: "completed", detail: "callback: success" },
      ],
      dead_letters: [],
    },
  ],
  dead_letters: [],
  renamed: [],
  ...changes,
});
