/** What is true at the end. */
import { invariants } from "@webhook-gateway/shared/store/maintain/invariants.ts";
import type { PlatformUse } from "../machine/platform.ts";
import type { StatementCost } from "../machine/statements.ts";
import type { Parts } from "../world/parts.ts";
import type { ReceivedAlert } from "./alerts.ts";
import { doubledRuns } from "./doubled-runs.ts";
import type { Histogram } from "./histogram.ts";
import type { Hour, Stuck } from "./observer.ts";
import { headKey } from "./recording.ts";

export interface Delay {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** Some of what was found, and how many there are. */
export interface Found {
  readonly count: number;
  readonly examples: readonly string[];
}

export interface Findings {
  readonly elapsedMs: number;
  readonly deliveries: number;
  readonly answers: Readonly<Record<string, number>>;
  readonly lost: Found;
  readonly doubledRuns: Found;
  readonly doubledChecks: Found;
  readonly unfinished: Found;
  readonly disagreeing: Found;
  readonly broken: Found;
  readonly deadLetters: Found;
  /** Logged while no fault explains them. */
  readonly unexplained: Found;
  readonly states: Readonly<Record<string, number>>;
  readonly reports: Readonly<Record<string, number>>;
  readonly stuck: readonly Stuck[];
  readonly hours: readonly Hour[];
  readonly delays: { readonly calm: Delay; readonly all: Delay };
  readonly statements: readonly StatementCost[];
  readonly alerts: readonly ReceivedAlert[];
  readonly platform: Readonly<Record<string, PlatformUse>>;
  readonly errors: Readonly<Record<string, number>>;
  readonly lines: Readonly<Record<string, number>>;
  readonly samples: Readonly<Record<string, readonly string[]>>;
  readonly counts: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** If deliveries were lost: what only the audit has found, and after how long the last of all was judged. */
  readonly audit: { readonly found: number; readonly judgedMs: number } | null;
}

const EXAMPLES = 5;

export function gather(world: Parts): Findings {
  const { clock, spec, database, deliveries, gateway, lines, observer, recording } = world;
  const counted = (sql: string) =>
    Object.fromEntries(database.ask(sql).map(({ name, n }) => [String(name), Number(n)]));
  return {
    elapsedMs: clock.nowMs - spec.startMs,
    deliveries: recording.happened,
    answers: Object.fromEntries(deliveries.answers),
    lost: lost(world),
    doubledRuns: found(doubledRuns(world)),
    doubledChecks: found(world.checks.doubled),
    ...heads(world),
    broken: found(brokenInvariants(world)),
    deadLetters: found(
      database
        .ask("SELECT kind || ' ' || class || ': ' || error AS text FROM dead_letters")
        .map(({ text }) => String(text)),
    ),
    unexplained: found(lines.unexplained),
    states: counted("SELECT state AS name, count(*) AS n FROM validations GROUP BY state"),
    reports: counted("SELECT status AS name, count(*) AS n FROM reports GROUP BY status"),
    stuck: [...observer.stuck.values()],
    hours: observer.hours.filter((hour) => hour !== undefined),
    delays: { calm: delayOf(recording.delays.calm), all: delayOf(recording.delays.all) },
    statements: database.costs.all(),
    alerts: world.alerts.received.map((alert) => ({ ...alert, atMs: alert.atMs - spec.startMs })),
    platform: gateway.platform.use,
    errors: Object.fromEntries(gateway.platform.errors),
    lines: Object.fromEntries(lines.counts),
    samples: Object.fromEntries(lines.samples),
    counts: {
      grainchain: world.grainchain.counts,
      github: world.github.counts,
      lists: world.lists.counts,
      checks: world.checks.counts,
      events: gateway.events.counts,
      work: gateway.work.counts,
      dead: gateway.dead.counts,
      database: { bytes: database.bytes, maxWaitMs: database.maxWaitMs },
    },
    audit: spec.loss === null ? null : auditOf(world),
  };
}

/** How long it took from the beginning of the first audit after the last event until all were judged. */
function auditOf({ spec, lists, database }: Parts): Findings["audit"] {
  const endMs = spec.startMs + spec.lengthMs;
  const beganMs = lists.audits.find((atMs) => atMs >= endMs) ?? Number.POSITIVE_INFINITY;
  const [last] = database.ask("SELECT max(finished_at) AS at FROM validations");
  const [found] = database.ask("SELECT count(*) AS n FROM deliveries WHERE event = 'audit'");
  return { found: Number(found?.n ?? 0), judgedMs: Math.max(0, Date.parse(String(last?.at)) - beganMs) };
}

const found = (all: readonly string[]): Found => ({ count: all.length, examples: all.slice(0, EXAMPLES) });

const delayOf = (histogram: Histogram): Delay => ({
  count: histogram.count,
  p50: histogram.quantile(0.5),
  p99: histogram.quantile(0.99),
  max: histogram.max,
});

/** Deliveries that have to be recorded: those that were accepted, and those that recovery had to fetch. */
function lost({ database, recording }: Parts): Found {
  const recorded = new Set(database.ask("SELECT id FROM deliveries").map(({ id }) => String(id)));
  const dead = new Set(
    database
      .ask("SELECT delivery_id AS id FROM dead_letters WHERE kind = 'fact'")
      .map(({ id }) => String(id)),
  );
  const missing = [...recording.expected].filter(([guid]) => !recorded.has(guid) && !dead.has(guid));
  return found(
    missing.map(([guid]) => `${guid} ${recording.accepted.has(guid) ? "accepted" : "never accepted"}`),
  );
}

const SELECT_NEWEST = `
  SELECT repository || '#' || pr_number || '@' || head_sha AS key, state, conclusion, max(run) AS run
  FROM validations GROUP BY repository_id, subject, head_sha`;

/** The newest head of each open pull request has its result, and GitHub shows it. */
function heads({ organization, database, checks }: Parts) {
  const newest = new Map(database.ask(SELECT_NEWEST).map((row) => [String(row.key), row]));
  const unfinished: string[] = [];
  const disagreeing: string[] = [];
  for (const { open, repository, number, head } of organization.pulls) {
    if (!open) continue;
    const key = headKey(repository.fullName, number, head);
    const row = newest.get(key);
    if (row?.state !== "completed") unfinished.push(`${key} is ${row?.state ?? "unknown"}`);
    const shown = checks.of(repository.fullName, head).at(-1)?.conclusion;
    if (row?.state === "completed" && shown !== row.conclusion) {
      disagreeing.push(`${key} is ${row.conclusion}, GitHub shows ${shown ?? "nothing"}`);
    }
  }
  return { unfinished: found(unfinished), disagreeing: found(disagreeing) };
}

const brokenInvariants = ({ database }: Parts): string[] =>
  invariants(true).flatMap(({ number, rule, sql }) =>
    database.ask(sql).map(({ id, problem }) => `${number} ${rule}: ${id}: ${problem}`),
  );
