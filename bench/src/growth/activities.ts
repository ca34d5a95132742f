/** What is measured: each activity of the gateway that asks D1, through its own modules. */
import { randomUUID } from "node:crypto";
import type { D1Database } from "@cloudflare/workers-types";
import { claimStale } from "@webhook-gateway/shared/store/claim/watch.ts";
import { loadAlertFacts } from "@webhook-gateway/shared/store/maintain/alerts.ts";
import { loadAccountedFor } from "@webhook-gateway/shared/store/maintain/recovery.ts";
import { effectDeps, reportDeps } from "../../../consumer/src/deps.ts";
import { dispatchDue } from "../../../consumer/src/dispatch/dispatch.ts";
import { reportDue } from "../../../consumer/src/report/report.ts";
import { batchOf } from "../consumer.ts";
import { deleteRound } from "../database.ts";
import { callbackAbout, openedPull } from "../facts.ts";
import { daysAgo } from "./fill.ts";
import type { Activity, Given } from "./measure.ts";
import { PAGES } from "./pages.ts";

const BATCH = 100;
const HOUR = 1 / 24;
const SECOND = HOUR / 3600;

const record = ({ world }: Given, facts: readonly unknown[]) => world.consumer().events(batchOf(facts));
const dispatch = ({ world }: Given) => dispatchDue(effectDeps(world.deps));
const report = ({ world }: Given) => reportDue(reportDeps(world.deps));
const hundred = <T>(make: (index: number) => T): readonly T[] =>
  Array.from({ length: BATCH }, (_, i) => make(i));

async function dueReports(bare: D1Database): Promise<number> {
  const due = bare.prepare("SELECT count(*) AS n FROM reports WHERE status = 'due'");
  return (await due.first<number>("n")) ?? 0;
}

/** About validations that were dispatched here. */
const callbacks = (status: "running" | "completed", from: string): Activity => ({
  name: `record 100 callbacks: ${status}`,
  per: "100 callbacks",
  prepare: async (given) => {
    const { results } = await given.bare
      .prepare("SELECT id FROM validations WHERE state = ?1 AND grainchain_id LIKE 'grain-%' LIMIT ?2")
      .bind(from, BATCH)
      .all<{ id: string }>();
    const facts = results.map(({ id }) => callbackAbout(id, status));
    return () => record(given, facts).then(() => facts.length / BATCH);
  },
});

const sweep = (name: string, run: (given: Given) => Promise<unknown>, grows?: string): Activity => ({
  name,
  per: "sweep",
  grows,
  prepare: async (given) => () => run(given),
});

/** Each finds what those before it left. */
export const ACTIVITIES: readonly Activity[] = [
  {
    name: "record 100 deliveries",
    per: "100 deliveries",
    runs: 5,
    prepare: async (given) => {
      const facts = hundred(openedPull);
      return () => record(given, facts);
    },
  },
  {
    name: "record 100 repeated deliveries",
    per: "100 deliveries",
    prepare: async (given) => {
      const facts = hundred(openedPull);
      await record(given, facts);
      return () => record(given, facts);
    },
  },
  {
    name: "dispatch 100 (claim, settle)",
    per: "100 validations",
    runs: 1,
    prepare: async (given) => () => dispatch(given).then(({ dispatched }) => dispatched / BATCH),
  },
  callbacks("running", "pending"),
  callbacks("completed", "running"),
  {
    name: "report 100 (claim, settle)",
    per: "100 reports",
    runs: 2,
    prepare: async (given) => {
      const before = await dueReports(given.bare);
      return () => report(given).then(async () => (before - (await dueReports(given.bare))) / BATCH);
    },
  },
  sweep("watchdog: claim 6 stale of 300", ({ db }) =>
    claimStale(db, { now: daysAgo(0), leaseUntil: daysAgo(60 * SECOND), limit: 6 }, daysAgo(300 * SECOND)),
  ),
  sweep(
    "alerts",
    ({ db }) => loadAlertFacts(db, daysAgo(HOUR)),
    "reads a count for each minute of the hour in which something ended",
  ),
  sweep("reconcile: look up 100", ({ db }) =>
    loadAccountedFor(
      db,
      hundred(() => randomUUID()),
    ),
  ),
  ...PAGES,
  {
    name: "retention: a chunk",
    per: "chunk",
    runs: 1,
    prepare: async ({ db }) => {
      const horizons = {
        ...{ deliveriesBefore: daysAgo(14), validationsBefore: daysAgo(90) },
        ...{ actionsBefore: daysAgo(400), strayResultsBefore: daysAgo(15) },
      };
      return () => deleteRound(db, horizons).then(() => 1);
    },
  },
  {
    name: "a wake-up with nothing due",
    per: "wake-up",
    // What could be claimed is due in an hour, or is done.
    prepare: async (given) => {
      const later = given.bare.prepare("UPDATE validations SET due_at = ?1 WHERE state = 'queued'");
      await later.bind(daysAgo(-HOUR)).run();
      while ((await dueReports(given.bare)) > 0) await report(given);
      return () => Promise.all([dispatch(given), report(given)]);
    },
  },
];
