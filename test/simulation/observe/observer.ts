/** Looks at the world once a minute: how old is the oldest at each stage, and is it stuck. */
import type { Database } from "../machine/database.ts";
import { type Fault, STAGES, type Stage } from "../report/spec.ts";

export interface Hour {
  readonly hour: number;
  /** Age of the oldest at each stage, at most, in milliseconds; and how many there were. */
  readonly ages: Record<Stage, number>;
  readonly backlog: Record<Stage, number>;
  readonly alerts: string[];
}

export interface Stuck {
  readonly stage: Stage;
  /** Since the start. */
  readonly atMs: number;
  readonly ageMs: number;
  /** Of its age, while a fault explained it. */
  readonly explainedMs: number;
}

interface Oldest {
  readonly sinceMs: number | undefined;
  readonly count: number;
}

const HOUR_MS = 3_600_000;
/** Longer than this beyond its explanation, something is stuck. */
const GRACE_MS = 10 * 60_000;

/** Live validations by state, and reports that are due. */
const SELECT = `
  SELECT state, min(created_at) AS since, count(*) AS n FROM validations
  WHERE finished_at IS NULL AND state IN ('queued', 'dispatching', 'pending', 'running') GROUP BY state
  UNION ALL SELECT 'report', min(wanted_at), count(*) FROM reports WHERE status = 'due'`;

export class Observer {
  readonly hours: Hour[] = [];
  /** The worst of each stage. */
  readonly stuck = new Map<Stage, Stuck>();
  readonly #database: Database;
  readonly #startMs: number;
  readonly #faults: readonly Fault[];

  constructor(database: Database, startMs: number, faults: readonly Fault[]) {
    this.#database = database;
    this.#startMs = startMs;
    this.#faults = faults;
  }

  /** @returns whether nothing is under way any more */
  look(nowMs: number, unrecorded: Oldest): boolean {
    const oldest = this.#ask(unrecorded);
    const hour = this.hour(nowMs);
    for (const stage of STAGES) {
      const { sinceMs, count } = oldest[stage];
      const ageMs = sinceMs === undefined ? 0 : nowMs - sinceMs;
      hour.ages[stage] = Math.max(hour.ages[stage], ageMs);
      hour.backlog[stage] = Math.max(hour.backlog[stage], count);
      if (sinceMs !== undefined) this.#judge(stage, sinceMs - this.#startMs, nowMs - this.#startMs);
    }
    return STAGES.every((stage) => oldest[stage].count === 0);
  }

  /** Whether a fault is under way, or has just ended. */
  explains(nowMs: number): boolean {
    const atMs = nowMs - this.#startMs;
    return this.#faults.some(({ fromMs, toMs }) => atMs >= fromMs && atMs <= toMs + GRACE_MS);
  }

  hour(nowMs: number): Hour {
    const number = Math.floor((nowMs - this.#startMs) / HOUR_MS);
    const known = this.hours[number];
    if (known !== undefined) return known;
    const none = () => ({ recording: 0, waiting: 0, running: 0, reporting: 0 });
    const hour = { hour: number, ages: none(), backlog: none(), alerts: [] };
    this.hours[number] = hour;
    return hour;
  }

  #ask(unrecorded: Oldest): Readonly<Record<Stage, Oldest>> {
    const rows = this.#database.ask(SELECT);
    const of = (...states: readonly string[]): Oldest => {
      const found = rows.filter(({ state, n }) => states.includes(String(state)) && Number(n) > 0);
      const since = found.map((row) => Date.parse(String(row.since)));
      const count = found.reduce((sum, { n }) => sum + Number(n), 0);
      return { sinceMs: since.length === 0 ? undefined : Math.min(...since), count };
    };
    return {
      recording: unrecorded,
      waiting: of("queued", "dispatching"),
      running: of("pending", "running"),
      reporting: of("report"),
    };
  }

  #judge(stage: Stage, sinceMs: number, nowMs: number): void {
    const ageMs = nowMs - sinceMs;
    const explaining = this.#faults.map((fault) => ({
      ...fault,
      toMs: fault.toMs + (fault.aftermathMs[stage] ?? 0),
    }));
    const explainedMs = overlapOf(explaining, sinceMs, nowMs);
    if (ageMs - explainedMs <= GRACE_MS) return;
    const known = this.stuck.get(stage);
    if (known !== undefined && known.ageMs - known.explainedMs >= ageMs - explainedMs) return;
    this.stuck.set(stage, { stage, atMs: nowMs, ageMs, explainedMs });
  }
}

/** How long of a time any fault lasted. Faults do not overlap. */
export const overlapOf = (faults: readonly Fault[], fromMs: number, toMs: number): number =>
  faults.reduce(
    (sum, fault) => sum + Math.max(0, Math.min(toMs, fault.toMs) - Math.max(fromMs, fault.fromMs)),
    0,
  );
