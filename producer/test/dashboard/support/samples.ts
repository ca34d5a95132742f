/** One of everything, its free texts being whatever a test wants them to be. */
import type { ActionItem } from "@webhook-gateway/shared/api/action.ts";
import type { DeadLetterDetail, DeadLetterItem } from "@webhook-gateway/shared/api/dead-letter.ts";
import type { DeliveryItem } from "@webhook-gateway/shared/api/delivery.ts";
import type { FlakeItem } from "@webhook-gateway/shared/api/flake.ts";
import type { Overview } from "@webhook-gateway/shared/api/overview.ts";
import type { PauseItem } from "@webhook-gateway/shared/api/pause.ts";
import type { ReconcileItem } from "@webhook-gateway/shared/api/reconcile.ts";
import type { ReplayItem } from "@webhook-gateway/shared/api/replay.ts";
import type { Trace } from "@webhook-gateway/shared/api/trace.ts";
import type { ValidationDetail, ValidationItem } from "@webhook-gateway/shared/api/validation.ts";
import type { Health } from "../../../src/health/health.ts";
import { NOW } from "../../support/app.ts";

/** So long before now. */
export const before = (ms: number): string => new Date(Date.parse(NOW) - ms).toISOString();

const MINUTE = 60_000;

export const samplesOf = (text: string) => ({
  validation: validation(text),
  detail: detail(text),
  delivery: delivery(text),
  deadLetter: deadLetter(text),
  deadLetterDetail: { ...deadLetter(text), body: text } satisfies DeadLetterDetail,
  replay: replay(text),
  reconcile: reconcile(text),
  action: action(text),
  flake: flake(text),
  trace: trace(text),
  pause: pause(text),
  times: { repository: text, validations: 120, p50_ms: 48_200, p95_ms: 96_400, p99_ms: 144_600 },
  overview: overview(text),
  health: health(text),
});

export type Samples = ReturnType<typeof samplesOf>;

const validation = (text: string): ValidationItem => ({
  id: text,
  repository: text,
  pr_number: 12,
  pr_url: text,
  event: text,
  ref: text,
  head_sha: text,
  base_sha: text,
  run: 2,
  state: "queued",
  conclusion: null,
  lane: "replay",
  attempts: 3,
  due_at: before(-MINUTE),
  grainchain_id: text,
  error: text,
  created_at: before(9 * MINUTE),
  dispatched_at: before(8 * MINUTE),
  started_at: before(7 * MINUTE),
  finished_at: null,
  heard_at: before(6 * MINUTE),
});

const detail = (text: string): ValidationDetail => ({
  ...validation(text),
  archived_at: null,
  cause: text,
  delivery_id: text,
  reason: text,
  fork: true,
  head_repository: text,
  author: text,
  author_association: text,
  trusted: false,
  tree_sha: null,
  reused_from: null,
  timeline: [{ at: before(9 * MINUTE), from_state: null, to_state: text, reason: text, delivery_id: text }],
  report: {
    state: text,
    status: "due",
    reason: text,
    error: text,
    attempts: 2,
    wanted_at: before(5 * MINUTE),
    due_at: before(-MINUTE),
    posted_state: text,
    posted_at: before(5 * MINUTE),
  },
  results: {
    [text]: text,
    test_results: { [text]: { status: text, exit_code: 3, duration_ms: 1200, output: text } },
  },
});

const delivery = (text: string): DeliveryItem => ({
  id: text,
  event: text,
  action: text,
  repository: text,
  sender: text,
  secret: "current",
  received_at: before(9 * MINUTE),
  recorded_at: before(9 * MINUTE),
  occurred_at: before(12 * MINUTE),
  delivered_at: before(10 * MINUTE),
  throttled_at: before(11 * MINUTE),
  recovered_at: before(9 * MINUTE),
  outcome: text,
  reason: text,
  validation_id: text,
});

const deadLetter = (text: string): DeadLetterItem => ({
  id: text,
  kind: "dispatch",
  class: text,
  error: text,
  attempts: 8,
  first_at: before(60 * MINUTE),
  died_at: before(20 * MINUTE),
  repository: text,
  delivery_id: text,
  validation_id: text,
  status: "open",
  replay_id: text,
  closed_at: before(MINUTE),
  outcome: text,
});

const replay = (text: string): ReplayItem => ({
  id: text,
  action: "replay",
  requested_by: text,
  requested_at: before(2 * MINUTE),
  reason: text,
  scope: text,
  rate: 600,
  total: 40,
  replayed: 10,
  failed: 1,
  status: "running",
  finished_at: null,
});

const action = (text: string): ActionItem => ({
  id: "action-1",
  at: before(MINUTE),
  actor: `operator:${text}`,
  action: "rerun",
  target: text,
  reason: text,
  outcome: "refused",
});

const flake = (text: string): FlakeItem => ({
  repository: text,
  step: text,
  ...{ commits: 2, passed: 3, failed: 4 },
  last_at: before(MINUTE),
  head_sha: text,
  failed_validation_id: text,
});

const reconcile = (text: string): ReconcileItem => ({
  id: text,
  requested_by: text,
  requested_at: before(2 * MINUTE),
  since: before(60 * MINUTE),
  dry_run: true,
  status: "failed",
  finished_at: before(MINUTE),
  listed: 20,
  missing: 2,
  recovered: 1,
  redelivered: 1,
  error: text,
});

const trace = (text: string): Trace => ({
  kind: "pull_request",
  deliveries: [delivery(text)],
  validations: [
    {
      validation: validation(text),
      steps: [
        { at: before(9 * MINUTE), gap_ms: null, step: text, detail: text },
        { at: before(0), gap_ms: 9 * MINUTE, step: "now", detail: text },
      ],
      dead_letters: [deadLetter(text)],
    },
  ],
  dead_letters: [deadLetter(text)],
  renamed: [{ from: text, to: text }],
});

const pause = (text: string): PauseItem => ({
  ...{ repository: text, actor: text, reason: text },
  ...{ paused_at: before(MINUTE), until: null },
});

const overview = (text: string): Overview => ({
  service: "webhook-gateway",
  version: text,
  environment: text,
  timestamp: NOW,
  states: { queued: 4, dispatching: 1, pending: 2, running: 3, completed: 40, dead: 1 },
  waiting: {
    live: 3,
    replay: 1,
    backing_off: 1,
    oldest_at: before(14 * MINUTE),
    next_due_at: before(-MINUTE),
  },
  gates: [
    {
      name: "grainchain",
      state: "closed",
      reason: "backpressure",
      detail: text,
      since: before(3 * MINUTE),
      until: before(-20_000),
    },
    { name: text, state: "closed", reason: text, detail: text, since: before(MINUTE), until: before(MINUTE) },
  ],
  dead_letters: [{ kind: "dispatch", class: text, letters: 5, oldest_at: before(20 * MINUTE) }],
  reports: { due: 2, oldest_due_at: before(30 * MINUTE), dead: 1 },
  events: { oldest_at: null },
  cancels: { due: 1, dead: 0 },
  deliveries: { last_at: before(12_000), last_hour: 30, recovered_last_day: 2 },
  pauses: [pause(text)],
  replays_running: 1,
  reused_last_day: 0,
  database: { bytes: 7_100_000_000, max_bytes: 10_000_000_000, shortened: null },
  hours: [
    {
      hour: "2026-11-23T09:00:00.000Z",
      validations: 12,
      succeeded: 7,
      failed_checks: 2,
      broken: 1,
      p50_ms: 48_200,
      p95_ms: 96400,
      p99_ms: 144600,
    },
    {
      hour: "2026-11-23T07:00:00.000Z",
      validations: 3,
      succeeded: 3,
      failed_checks: 0,
      broken: 0,
      p50_ms: 900,
      p95_ms: 1800,
      p99_ms: 2700,
    },
  ],
});

const health = (text: string): Health => ({
  status: "degraded",
  service: "webhook-gateway",
  version: text,
  environment: text,
  timestamp: NOW,
  checks: {
    api: { status: "ok" },
    database: { status: "ok", detail: text },
    queue: { status: "failed", detail: text },
    grainchain: { status: "degraded", detail: text },
    consumer: { status: "ok", detail: text },
  },
});
