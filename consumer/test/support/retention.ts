/** Retention over a database whose rows are all of the tests' own hour. */
import { env } from "cloudflare:workers";
import { invariants } from "@webhook-gateway/shared/store/maintain/invariants.ts";
import {
  deleteValidations,
  loadOldValidations,
} from "@webhook-gateway/shared/store/maintain/old-validations.ts";
import { CHUNK, deleteChunk, type Horizons } from "@webhook-gateway/shared/store/maintain/retention.ts";
import { firstSeqOf } from "@webhook-gateway/shared/store/sql/seq.ts";
import { recountTallies } from "@webhook-gateway/shared/store/tallies.ts";
import type { Log } from "@webhook-gateway/shared/telemetry/log.ts";
import { expect } from "vitest";
import { startInvocation } from "../../../test/platform/invocation.ts";
import { dispatchDue } from "../../src/dispatch/dispatch.ts";
import { expireOld, isRetentionDue } from "../../src/maintain/retention.ts";
import { rows } from "./database.ts";
import { callback, freshRepository, pullRequest, second, sha } from "./facts.ts";
import { createDouble, effectDeps, take } from "./grainchain.ts";
import { record, SILENT } from "./recording.ts";

/** In seconds. */
export const DAY = 24 * 3600;
const CONFIG = { deliveriesDays: 14, validationsDays: 90 };

interface Options {
  readonly config?: Partial<typeof CONFIG>;
  readonly db?: D1Database;
  readonly log?: Log;
}

/** Runs retention, without an archive, so many seconds after the tests' own hour began: if it is due. */
export async function expireAfter(seconds: number, { config, db = env.DB, log = SILENT }: Options = {}) {
  const deps = {
    db: startInvocation().database(db),
    log,
    now: () => new Date(second(seconds)),
    config: { ...CONFIG, ...config },
  };
  if (await isRetentionDue(deps)) await expireOld(deps);
}

/** The real D1, within the limits of an invocation, which claims a size. */
export function claiming(size: () => Promise<number>): D1Database {
  const db = startInvocation().database(env.DB);
  const measured = async <Result extends { readonly meta: object }>(result: Result): Promise<Result> => {
    const size_after = await size();
    return { ...result, meta: { ...result.meta, size_after } };
  };
  const statement = (one: D1PreparedStatement): D1PreparedStatement =>
    Object.assign(Object.create(one), {
      bind: (...values: unknown[]) => statement(one.bind(...values)),
      all: async () => measured(await one.all()),
      run: async () => measured(await one.run()),
      first: () => one.first(),
    });
  return Object.assign(Object.create(db), {
    prepare: (sql: string) => statement(db.prepare(sql)),
    batch: async (all: D1PreparedStatement[]) =>
      Promise.all((await db.batch(all.map(Object.getPrototypeOf))).map(measured)),
  });
}

/** A chunk of every kind. @returns the most that any kind had */
export async function deleteRound(db: D1Database, horizons: Horizons): Promise<number> {
  const old = await loadOldValidations(db, horizons, CHUNK);
  await deleteValidations(db, old, horizons.deliveriesBefore);
  return Math.max(old.length, (await deleteChunk(db, horizons)).most);
}

/** Every rule of a live database. */
export async function expectRules(): Promise<void> {
  for (const { rule, sql } of invariants(true))
    expect({ rule, broken: await rows(sql) }).toEqual({ rule, broken: [] });
}

/** How a pull request's validation ended, and with what. */
export type End = "live" | "completed" | "cancelled" | "dead";

/** A pull request that was opened in the tests' own hour. */
export async function opened(end: End, repository = freshRepository(), number = 12) {
  const pull = pullRequest(repository, number);
  const fact = pull("opened", "head", 0);
  await record([fact]);
  const id = `${repository.id}-pr-${number}-${sha("head")}-1`;
  if (end === "live") return { repository, pull, id, delivery: fact.id };
  const refused = { status: "failed", error_class: "permanent", message: "no" };
  const double = createDouble((call) => take(call, () => (end === "dead" ? refused : {})));
  await dispatchDue(effectDeps(double));
  if (end === "completed") await record([callback(repository, id, "completed")]);
  if (end === "cancelled") await record([pull("closed", "head", 60)]);
  return { repository, pull, id, delivery: fact.id };
}

/** Closes what dead letters there are, as if an operator had discarded them at that time. */
export const discardDeadLetters = (at: number) =>
  rows("UPDATE dead_letters SET status = 'discarded', closed_at = ?1", second(at));

/** How many rows each table has that has any; those that only ever hold a few are left out. */
export async function rowCounts(): Promise<Record<string, number>> {
  const tables = await rows<{ name: string }>(
    `SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%STRICT%'
       AND name NOT IN ('settings', 'repositories', 'commit_guard', 'tallies', 'operator_actions',
                        'audited_repositories') ORDER BY name`,
  );
  const [counted] = await rows<Record<string, number>>(
    `SELECT ${tables.map(({ name }) => `(SELECT count(*) FROM ${name}) AS ${name}`).join(", ")}`,
  );
  return Object.fromEntries(Object.entries(counted ?? {}).filter(([, n]) => n > 0));
}

/**
 * Inserts so many validations that completed at that time, each of its own pull request, with all that hangs on them.
 * @param at in seconds of the tests' own hour
 */
export async function insertEnded(total: number, at: number, name = "ended"): Promise<void> {
  const time = second(at);
  const numbers = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)";
  const statements = [
    `INSERT INTO deliveries (seq, id, event, repository, received_at, recorded_at, outcome, validation_id) ${numbers}
     SELECT ${firstSeqOf("?2")} + (SELECT count(*) FROM deliveries) + i, 'd-' || ?3 || i, 'push', 'octo/' || i, ?2, ?2, 'started', i || '-' || ?3 || '-a-1' FROM n`,
    `INSERT INTO validations (id, repository_id, repository, subject, event, pr_number, pr_url, clone_url, ref, head_sha,
                              base_sha, run, cause, delivery_id, state, conclusion, turn, created_at, finished_at,
                              updated_at, timeline, version) ${numbers}
     SELECT i || '-' || ?3 || '-a-1', i, 'octo/' || i, ?3, 'pull_request', 1, '', '', '', 'a', 'b', 1, 'opened',
            'd-' || ?3 || i, 'completed', 'success', i, ?2, ?2, ?2,
            json_array(json_array(1, ?2, NULL, 'queued', 'queued', NULL),
                       json_array(2, ?2, 'queued', 'completed', 'callback', NULL)), 1 FROM n`,
    `INSERT INTO timeline_results (validation_id, n, results) ${numbers}
     SELECT i || '-' || ?3 || '-a-1', 1, '{}' FROM n`,
    `INSERT INTO reports (validation_id, repository_id, head_sha, state, conclusion, status, wanted_at, due_at) ${numbers}
     SELECT i || '-' || ?3 || '-a-1', i, 'a', 'completed', 'success', 'skipped', ?2, ?2 FROM n`,
    `INSERT INTO cancels (validation_id, grainchain_id, status, reason, wanted_at, due_at) ${numbers}
     SELECT i || '-' || ?3 || '-a-1', 'g', 'done', 'x', ?2, ?2 FROM n`,
    `INSERT INTO subjects (repository_id, subject, repository, kind, number, url, clone_url, head_sha, head_ref,
                           base_sha, state, at, version) ${numbers}
     SELECT i, ?3, 'octo/' || i, 'pull_request', 1, '', '', 'a', '', 'b', 'open', ?2, 1 FROM n`,
  ];
  await env.DB.batch(statements.map((sql) => env.DB.prepare(sql).bind(total, time, name)));
  await recountTallies(env.DB);
}

/** Inserts so many rows of everything else that retention deletes. */
export async function insertOthers(total: number, at: number, name = "other"): Promise<void> {
  const numbers = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)";
  const statements = [
    `INSERT INTO callbacks_unmatched (id, received_at, recorded_at, given_id, repository, pr_number, status, success)
     ${numbers} SELECT ?3 || i, ?2, ?2, 'x', 'octo/w', 1, 'running', 1 FROM n`,
    `INSERT INTO reactions (delivery_id, repository_id, repository, comment_id, content, status, wanted_at, due_at)
     ${numbers} SELECT ?3 || i, 1, 'octo/w', 1, '+1', 'posted', ?2, ?2 FROM n`,
    `INSERT INTO approvals (delivery_id, repository_id, repository, login, fact, status, wanted_at, due_at)
     ${numbers} SELECT ?3 || i, 1, 'octo/w', 'mona', '{}', 'done', ?2, ?2 FROM n`,
    `INSERT INTO reconciles (id, requested_by, requested_at, status, finished_at)
     ${numbers} SELECT ?3 || i, 'cron', ?2, 'done', ?2 FROM n`,
    `INSERT INTO audits (id, requested_by, requested_at, status, finished_at)
     ${numbers} SELECT ?3 || i, 'gateway', ?2, 'done', ?2 FROM n`,
    `INSERT INTO returned_dispatches (at, reason) ${numbers} SELECT ?2 || ?3 || i, 'backpressure: full' FROM n`,
    `INSERT INTO revoked_sessions (id, expires_at) ${numbers} SELECT ?3 || i, ?2 FROM n`,
    `INSERT INTO callback_results (id, results, created_at) ${numbers} SELECT ?3 || i, '{}', ?2 FROM n`,
    `INSERT INTO dead_letters (id, kind, class, error, attempts, first_at, died_at, status, closed_at, repository)
     ${numbers} SELECT ?3 || i, 'fact', 'c', 'e', 1, ?2, ?2, 'discarded', ?2, 'octo/w' FROM n`,
    `INSERT INTO replays (id, requested_by, requested_at, scope, total, status, finished_at)
     ${numbers} SELECT ?3 || i, 'me', ?2, '{}', 1, 'done', ?2 FROM n`,
    `INSERT INTO bulk_commands (id, action, requested_by, requested_at, scope, rate, total, status, finished_at)
     ${numbers} SELECT ?3 || i, 'rerun', 'me', ?2, '{}', 1, 1, 'done', ?2 FROM n`,
  ];
  await env.DB.batch(statements.map((sql) => env.DB.prepare(sql).bind(total, second(at), name)));
}
