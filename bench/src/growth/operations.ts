/** What is measured at every size: each activity of the gateway that asks D1, through its own modules. */
import type { D1Database } from "@cloudflare/workers-types";
import { claimStale } from "@webhook-gateway/shared/store/claim/watch.ts";
import { loadAlertFacts } from "@webhook-gateway/shared/store/maintain/alerts.ts";
import { loadAccountedFor } from "@webhook-gateway/shared/store/maintain/recovery.ts";
import { deleteChunk } from "@webhook-gateway/shared/store/maintain/retention.ts";
import type { World } from "./consumer.ts";
import { callbackAbout, openedPull } from "./facts.ts";
import { REPOSITORIES } from "./fill.ts";
import { PAGES } from "./pages.ts";

export const BATCH = 100;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export interface Given {
  /** Metered. */
  readonly db: D1Database;
  /** For the benchmark's own questions. */
  readonly bare: D1Database;
  readonly world: World;
}

export interface Operation {
  readonly name: string;
  /** What one of them is: a figure is per so many of it. */
  readonly per: string;
  /** Prepares a run of it, not metered. @returns the run, which says how many of `per` it was */
  readonly prepare: (given: Given) => Promise<() => Promise<number>>;
  readonly runs: number;
  /** Why its cost may depend on how many rows there are; absent: it may not. */
  readonly grows?: string;
}

const batchOfPulls = () => Array.from({ length: BATCH }, (_, i) => openedPull(i % REPOSITORIES));

async function idsOf(db: D1Database, state: string): Promise<string[]> {
  const { results } = await db
    .prepare("SELECT id FROM validations WHERE state = ?1 AND grainchain_id LIKE 'grain-%' LIMIT ?2")
    .bind(state, BATCH)
    .all<{ id: string }>();
  return results.map(({ id }) => id);
}

const recording: Operation = {
  name: "record 100 deliveries",
  per: "100 deliveries",
  runs: 5,
  prepare: async ({ world }) => {
    const facts = batchOfPulls();
    return () => world.record(facts).then(() => 1);
  },
};

const repeating: Operation = {
  name: "record 100 repeated deliveries",
  per: "100 deliveries",
  runs: 3,
  prepare: async ({ world }) => {
    const facts = batchOfPulls();
    await world.record(facts);
    return () => world.record(facts).then(() => 1);
  },
};

const dispatching: Operation = {
  name: "dispatch 100 (claim, settle)",
  per: "100 validations",
  runs: 1,
  prepare:
    async ({ world }) =>
    () =>
      world.dispatch().then(({ dispatched }) => dispatched / BATCH),
};

const calling = (status: "running" | "completed", from: string): Operation => ({
  name: `record 100 callbacks: ${status}`,
  per: "100 callbacks",
  runs: 3,
  prepare: async ({ world, bare }) => {
    const facts = (await idsOf(bare, from)).map((id) => callbackAbout(id, status));
    return () => world.record(facts).then(() => facts.length / BATCH);
  },
});

const reporting: Operation = {
  name: "report 100 (claim, settle)",
  per: "100 reports",
  runs: 2,
  prepare: async ({ world, bare }) => {
    const before = await dueReports(bare);
    return async () => {
      await world.report();
      return (before - (await dueReports(bare))) / BATCH;
    };
  },
};

async function dueReports(bare: D1Database): Promise<number> {
  const due = bare.prepare("SELECT count(*) AS n FROM reports WHERE status = 'due'");
  return (await due.first<number>("n")) ?? 0;
}

const sweep = (name: string, run: (given: Given) => Promise<unknown>, grows?: string): Operation => ({
  name,
  per: "sweep",
  runs: 3,
  prepare: async (given) => () => run(given).then(() => 1),
  ...(grows === undefined ? {} : { grows }),
});

const ago = (ms: number): string => new Date(Date.now() - ms).toISOString();

const SWEEPS: readonly Operation[] = [
  sweep("watchdog: claim 6 silent of 300", async ({ db }) =>
    claimStale(db, { now: ago(0), leaseUntil: ago(60_000), limit: 6 }, ago(120_000)),
  ),
  sweep(
    "alerts",
    ({ db }) => loadAlertFacts(db, ago(HOUR_MS)),
    "reads a count for each minute of the hour in which something ended",
  ),
  sweep("reconcile: look up 100", ({ db }) =>
    loadAccountedFor(
      db,
      Array.from({ length: BATCH }, () => crypto.randomUUID()),
    ),
  ),
];

const idling: Operation = {
  name: "a wake-up with nothing due",
  per: "sweep",
  runs: 3,
  prepare: async ({ world, bare }) => {
    // What is claimable is put off, and comes back with nothing.
    await bare.prepare("UPDATE validations SET due_at = ?1 WHERE state = 'queued'").bind(ago(-HOUR_MS)).run();
    while ((await dueReports(bare)) > 0) await world.report();
    await world.watch();
    return () => Promise.all([world.dispatch(), world.report(), world.watch()]).then(() => 1);
  },
};

const retaining: Operation = {
  name: "retention: a chunk",
  per: "1,000 rows deleted",
  runs: 1,
  prepare: async ({ db }) => {
    return async () => {
      const horizons = { deliveriesBefore: ago(14 * DAY_MS), validationsBefore: ago(90 * DAY_MS) };
      await deleteChunk(db, { ...horizons, strayResultsBefore: ago(15 * DAY_MS) });
      return 1;
    };
  },
};

/** In this order: each finds what those before it left. */
export const OPERATIONS: readonly Operation[] = [
  recording,
  repeating,
  dispatching,
  calling("running", "pending"),
  calling("completed", "running"),
  reporting,
  ...SWEEPS,
  ...PAGES,
  retaining,
  idling,
];
