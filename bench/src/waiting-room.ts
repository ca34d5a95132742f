/**
 * `pnpm bench:waiting-room [rows]`: what a claim and a repository's status cost with a full waiting room, in the
 * local D1. Times are D1's own (`meta.duration`), and those of the whole call through the proxy.
 */
import path from "node:path";
import type { D1Database } from "@cloudflare/workers-types";
import { claimDue } from "@webhook-gateway/shared/store/claim/claim.ts";
import { loadProjectStatus } from "@webhook-gateway/shared/store/read/project-status.ts";
import { createTestHarness } from "wrangler";

const ROOT = path.resolve(import.meta.dirname, "../..");
const REPOSITORIES = 1_000;
const CHUNK_ROWS = 20_000;
const CALLS = 30;

const total = Number(process.argv[2] ?? 1_000_000);

/** Queued validations of a thousand repositories, each one's in turns of its own. */
const FILL = `
  WITH RECURSIVE n (i) AS (SELECT CAST(?1 AS INTEGER) UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?2)
  INSERT INTO validations (id, repository_id, repository, subject, event, pr_number, pr_url, clone_url, ref, head_sha,
    base_sha, run, cause, delivery_id, state, turn, created_at, updated_at, version)
  SELECT 'v' || i, i % ${REPOSITORIES}, 'bench/repository-' || (i % ${REPOSITORIES}), 'pr-' || i, 'pull_request', i, '', '',
    'topic', printf('%040x', i), '', 1, 'opened', 'd' || i, 'queued', i / ${REPOSITORIES},
    '2026-11-01T00:00:00.000Z', '2026-11-01T00:00:00.000Z', 1 FROM n`;

async function fill(db: D1Database): Promise<void> {
  for (let from = 0; from < total; from += CHUNK_ROWS) {
    await db
      .prepare(FILL)
      .bind(from, Math.min(from + CHUNK_ROWS, total))
      .run();
    if (from % 200_000 === 0) console.error(`${from} of ${total} rows …`);
  }
}

/** Keeps the last plan of each statement that is run, and D1's own time for it. */
function observe(db: D1Database) {
  const durations: number[] = [];
  const observed: Pick<D1Database, "prepare" | "batch"> = {
    prepare: (sql) => db.prepare(sql),
    async batch(statements) {
      const results = await db.batch(statements);
      durations.push(results.reduce((sum, { meta }) => sum + meta.duration, 0));
      return results as never;
    },
  };
  return { db: observed as D1Database, durations };
}

async function time(call: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await call();
  return performance.now() - begun;
}

function describe(name: string, milliseconds: readonly number[]): void {
  const sorted = milliseconds.toSorted((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.floor((sorted.length - 1) * share)] ?? 0).toFixed(1);
  console.log(`${name.padEnd(44)} min ${at(0)}  median ${at(0.5)}  p90 ${at(0.9)}  max ${at(1)} ms`);
}

async function explain(db: D1Database, sql: string): Promise<string[]> {
  const { results } = await db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all<{ detail: string }>();
  return results.map(({ detail }) => `  ${detail}`);
}

const harness = createTestHarness({
  root: ROOT,
  workers: [
    {
      configPath: path.join(ROOT, "wrangler.producer.toml"),
      env: "development",
      secrets: {
        GITHUB_WEBHOOK_SECRET: "-",
        GRAINCHAIN_CALLBACK_SECRET: "-",
        OPERATOR_TOKEN: "-",
        READER_TOKEN: "-",
      },
    },
  ],
});
try {
  await harness.listen();
  const worker = harness.getWorker<{ DB: D1Database }>();
  await worker.applyD1Migrations("DB");
  const { DB } = await worker.getEnv();
  await fill(DB);
  const { db, durations } = observe(DB);
  const claims: number[] = [];
  for (let call = 0; call < CALLS; call++) {
    const claim = () =>
      claimDue(db, {
        leaseId: `lease-${call}`,
        now: new Date().toISOString(),
        leaseUntil: new Date(Date.now() + 60_000).toISOString(),
        limit: 100,
        maxConcurrent: 0,
      });
    claims.push(await time(claim));
  }
  console.log(`${total} queued validations of ${REPOSITORIES} repositories`);
  describe("claim of 100, D1's own time", durations.splice(0));
  describe("claim of 100, the whole call", claims);
  const statuses: number[] = [];
  for (let call = 0; call < CALLS; call++) {
    statuses.push(await time(() => loadProjectStatus(db, `bench/repository-${call}`)));
  }
  describe("status of a repository, D1's own time", durations);
  describe("status of a repository, the whole call", statuses);
  const claimPlan =
    "SELECT id FROM validations WHERE state = 'queued' AND due_at IS NULL ORDER BY lane, turn, id LIMIT 100";
  console.log(["plan of the claim:", ...(await explain(DB, claimPlan))].join("\n"));
} finally {
  await harness.close();
}
