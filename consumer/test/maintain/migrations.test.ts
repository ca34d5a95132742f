import { env } from "cloudflare:workers";
import { loadProjectStatus } from "@webhook-gateway/shared/store/read/project-status.ts";
import { listRepositoryTimes, loadRepository } from "@webhook-gateway/shared/store/read/repositories.ts";
import { beforeAll, describe, expect, test } from "vitest";
import { dispatchDue } from "../../src/dispatch/dispatch.ts";
import { recordBatch } from "../../src/record/record.ts";
import { intercept, rows, rowsReadBy } from "../support/database.ts";
import { callback, freshRepository, pullRequest, sha } from "../support/facts.ts";
import { createDouble, effectDeps, json, take } from "../support/grainchain.ts";
import { message, POLICY, record, recordEach, SILENT } from "../support/recording.ts";

beforeAll(async () => {
  const repository = freshRepository();
  await recordEach([
    pullRequest(repository, 1)("opened", "a", 1),
    pullRequest(repository, 2)("opened", "a", 1),
    pullRequest(repository, 3)("opened", "a", 1),
  ]);
  await dispatchDue(
    effectDeps(
      createDouble((call) =>
        take(call, (one) => (one.pr_number === 3 ? { status: "failed", error_class: "permanent" } : {})),
      ),
    ),
  );
  await recordEach([
    callback(repository, `${repository.id}-pr-1-${sha("a")}-1`, "completed", { results: { success: true } }),
    pullRequest(repository, 2)("closed", "a", 2),
    callback(repository, "nobody's", "running", { id_kind: "any" }),
    pullRequest(repository, 4)("opened", "a", 1),
  ]);
  await dispatchDue(effectDeps(createDouble(() => json({}, 429))));
  await recordBatch({ db: env.DB, policy: POLICY, log: SILENT, now: () => new Date() }, [
    message("poison", 8),
  ]);
  await record([pullRequest(repository, 5)("opened", "a", 1)], { now: () => new Date() });
});

const COLUMNS: Readonly<Record<string, readonly string[]>> = {
  deliveries: [
    "id",
    "event",
    "action",
    "repository",
    "received_at",
    "recorded_at",
    "outcome",
    "reason",
    "validation_id",
  ],
  validations: [
    "id",
    "repository",
    "pr_number",
    "head_sha",
    "base_sha",
    "state",
    "conclusion",
    "attempts",
    "grainchain_id",
    "results",
  ],
  timeline: ["validation_id", "at", "from_state", "to_state", "reason", "delivery_id"],
  reports: [],
  dead_letters: ["id", "kind", "class", "error", "attempts", "died_at", "delivery_id", "validation_id"],
  replays: [],
  callbacks_unmatched: [],
  settings: [],
};
const VIEWS = ["v_open_dead_letters", "v_in_flight", "v_slowest_today", "v_project_status", "v_hourly"];

test.each(Object.entries(COLUMNS))(
  "table %s has the columns that scripts rely on",
  async (table, columns) => {
    const found = await rows<{ name: string }>("SELECT name FROM pragma_table_info(?1)", table);
    expect(found.length).toBeGreaterThan(0);
    expect(found.map(({ name }) => name)).toEqual(expect.arrayContaining([...columns]));
  },
);

test("every table is strict", async () => {
  const tables = await rows<{ name: string; strict: number }>(
    "SELECT name, strict FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE '\\_cf%' ESCAPE '\\' AND name <> 'd1_migrations'",
  );
  // The timeline is a view of what validations hold.
  const expected = Object.keys(COLUMNS).filter((name) => name !== "timeline");
  expect(tables.map(({ name }) => name)).toEqual(expect.arrayContaining(expected));
  expect(tables.filter(({ strict }) => strict === 0)).toEqual([]);
});

test.each(VIEWS)("view %s can be read", async (view) => {
  const found = await rows<Record<string, unknown>>(`SELECT * FROM ${view}`);
  expect(found.length).toBeGreaterThan(view === "v_slowest_today" ? -1 : 0);
});

test("the views say what operators look for", async () => {
  expect(await rows("SELECT kind, class FROM v_open_dead_letters ORDER BY kind")).toEqual([
    { kind: "dispatch", class: "permanent" },
    { kind: "fact", class: "unreadable" },
  ]);
  expect(await rows("SELECT pr_number, state FROM v_in_flight ORDER BY pr_number")).toEqual([
    { pr_number: 4, state: "queued" },
    { pr_number: 5, state: "queued" },
  ]);
  expect(await rows("SELECT queued, running, completed, failed FROM v_project_status")).toEqual([
    { queued: 2, running: 0, completed: 1, failed: 1 },
  ]);
  expect(
    await rows(
      "SELECT sum(validations) AS validations, sum(succeeded) AS succeeded, sum(broken) AS broken FROM v_hourly",
    ),
  ).toEqual([{ validations: 5, succeeded: 1, broken: 1 }]);
});

test("percentiles are those of a repository's last day", async () => {
  const insert = (repositoryId: number, agoSeconds: number, count: number) =>
    env.DB.prepare(INSERT_ENDED).bind(repositoryId, agoSeconds, count).run();
  await insert(8001, 3600, 100);
  await insert(8002, 3600, 1);
  await insert(8001, 2 * 86_400, 7);
  const times = await listRepositoryTimes(env.DB);
  expect(times.filter(({ repository }) => repository.startsWith("times/"))).toEqual([
    { repository: "times/8001", validations: 100, p50_ms: 50_000, p95_ms: 95_000, p99_ms: 99_000 },
    { repository: "times/8002", validations: 1, p50_ms: 1000, p95_ms: 1000, p99_ms: 1000 },
  ]);

  await rows(
    "INSERT INTO repository_names (repository_id, name, at) VALUES (8001, 'times/8001', '2026-11-23T09:00:00.000Z')",
  );
  const load = (db: D1Database) => loadRepository(db, "times/8001", new Date().toISOString());
  expect((await load(env.DB))?.times).toEqual(times.find(({ repository }) => repository === "times/8001"));
  const read = await rowsReadBy(load);
  await insert(8003, 3600, 5_000);
  expect(await rowsReadBy(load)).toBe(read);
});

/**
 * Each takes a second longer than the one before it. ?1: repository, ?2: seconds ago, ?3: how many. D1 binds numbers as
 * floating-point ones.
 */
const INSERT_ENDED = `
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?3),
  run AS (SELECT i, unixepoch('now') - CAST(?2 AS INTEGER) AS at, CAST(?1 AS INTEGER) AS repository_id FROM n)
  INSERT INTO validations (seq, id, repository_id, repository, subject, event, pr_number, pr_url, clone_url, ref, head_sha,
                           base_sha, run, cause, delivery_id, state, conclusion, turn, created_at, finished_at, updated_at,
                           version)
  SELECT at * 1000000000 + repository_id * 1000 + i, 'times-' || repository_id || '-' || at || '-' || i, repository_id,
         'times/' || repository_id, 'pr-' || i,
         'pull_request', i, '', '', '', '', '', 1, 'opened', 'none', 'completed', 'success', 1,
         strftime('%Y-%m-%dT%H:%M:%fZ', at, 'unixepoch'), strftime('%Y-%m-%dT%H:%M:%fZ', at + i, 'unixepoch'),
         strftime('%Y-%m-%dT%H:%M:%fZ', at, 'unixepoch'), 1 FROM run`;

test("every time is written YYYY-MM-DDTHH:MM:SS.sssZ", async () => {
  const columns = await rows<{ owner: string; name: string }>(
    `SELECT m.name AS owner, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c
     WHERE m.type IN ('table', 'view') AND m.name <> 'd1_migrations' AND m.name NOT LIKE '\\_cf%' ESCAPE '\\'
       AND (c.name = 'at' OR c.name LIKE '%\\_at' ESCAPE '\\' OR c.name LIKE '%\\_until' ESCAPE '\\' OR c.name = 'hour')`,
  );
  expect(columns.length).toBeGreaterThan(25);
  let seen = 0;
  for (const { owner, name } of columns) {
    const times = await rows<{ time: string }>(
      `SELECT ${name} AS time FROM ${owner} WHERE ${name} IS NOT NULL`,
    );
    seen += times.length;
    for (const { time } of times)
      expect(time, `${owner}.${name}`).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  }
  expect(seen).toBeGreaterThan(30);
});

test("every state is a lower-case word", async () => {
  // D1 takes no more than five parts in one compound select.
  const words = [
    ...(await rows<{ word: string }>(
      "SELECT state AS word FROM validations UNION SELECT to_state FROM timeline",
    )),
    ...(await rows<{ word: string }>(
      "SELECT outcome AS word FROM deliveries UNION SELECT state FROM subjects",
    )),
    ...(await rows<{ word: string }>("SELECT status AS word FROM reports UNION SELECT status FROM cancels")),
  ];
  expect(words.length).toBeGreaterThan(8);
  for (const { word } of words) expect(word).toMatch(/^[a-z_]+$/);
});

describe("the plan", () => {
  interface Planned {
    readonly sql: string;
    readonly plan: string;
  }

  /** The plans of every statement that something runs. */
  async function plansOf(run: (db: D1Database) => Promise<unknown>): Promise<Planned[]> {
    const statements: string[] = [];
    const db = new Proxy(
      intercept(env.DB, () => {}),
      {
        get(target, name) {
          if (name !== "prepare") return Reflect.get(target, name);
          return (sql: string) => {
            statements.push(sql);
            return target.prepare(sql);
          };
        },
      },
    );
    await run(db);
    return Promise.all(
      statements.map(async (sql) => {
        const steps = await rows<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`, ...placeholders(sql));
        return { sql, plan: steps.map(({ detail }) => detail).join("\n") };
      }),
    );
  }

  /** As many values as the statement has numbers. */
  function placeholders(sql: string): null[] {
    const numbers = Array.from(sql.matchAll(/\?(\d+)/g), ([, number]) => Number(number));
    return Array.from({ length: Math.max(0, ...numbers) }, () => null);
  }

  /** A table read as a whole, whatever its alias; a partial index is read in parts, and the tables of JSON are small. */
  const scans = ({ plan, sql }: Planned): string[] =>
    plan
      .split("\n")
      .filter((step) =>
        /^SCAN (v|validations|s|subjects|deliveries|timeline|c|callbacks_unmatched|other|repository_names|dead_letters|cancels|reports)\b/.test(
          step,
        ),
      )
      .filter(
        (step) =>
          !/USING (COVERING )?INDEX (validations_(ready|leased|watched|backing_off|unfinished)|reports_due|cancels_due)/.test(
            step,
          ),
      )
      .map((step) => `${step} in ${sql}`);

  test("of a claim uses the index validations_ready", async () => {
    const planned = await plansOf((db) =>
      dispatchDue(
        effectDeps(
          createDouble((call) => take(call)),
          { db },
        ),
      ),
    );
    expect(planned.length).toBeGreaterThan(6);
    const claim = planned.find(({ sql }) => sql.includes("SET state = 'dispatching'"));
    expect(claim?.plan).toMatch(/USING (COVERING )?INDEX validations_ready/);
    // The walk itself is in order; only the at most 100 rows that it finds are sorted, for a probe.
    expect(claim?.plan).toMatch(
      /CO-ROUTINE [^\n]*\n(SCALAR SUBQUERY \d+\nSCAN CONSTANT ROW\n)*[^\n]*INDEX validations_ready [^\n]*\nSCAN/,
    );
    expect(planned.flatMap(scans)).toEqual([]);
  });

  test("of recording reads no table as a whole", async () => {
    const repository = freshRepository();
    const planned = await plansOf((db) =>
      record(
        [
          pullRequest(repository, 9)("opened", "a", 1),
          callback(repository, `${repository.id}-pr-9-${sha("a")}-1`, "completed", { results: { n: 1 } }),
          callback(repository, "nobody's", "completed", { id_kind: "any" }),
        ],
        { db },
      ),
    );
    expect(planned.length).toBeGreaterThan(10);
    expect(planned.flatMap(scans)).toEqual([]);
  });

  test("of a project's status uses its indexes, whatever the name's case", async () => {
    const planned = await plansOf((db) => loadProjectStatus(db, "Octo/Widgets-1"));
    expect(planned.flatMap(scans)).toEqual([]);
    expect(planned.find(({ sql }) => sql.includes("GROUP BY state"))?.plan).toMatch(
      /INDEX validations_unfinished \(repository_id=\?\)/,
    );
    expect(planned.find(({ sql }) => sql.includes("LIMIT 10"))?.plan).toMatch(
      /INDEX validations_by_repository/,
    );
    expect(planned.map(({ plan }) => plan).join("\n")).not.toContain("TEMP B-TREE FOR ORDER BY");
  });
});

test("a project's status is found under its name in any case", async () => {
  const [{ repository } = { repository: "" }] = await rows<{ repository: string }>(
    "SELECT repository FROM v_project_status ORDER BY repository LIMIT 1",
  );
  const status = await loadProjectStatus(env.DB, repository.toUpperCase());
  expect(status.states).toEqual({ completed: 1, cancelled: 1, dead: 1, queued: 2 });
  expect(status.lastEvent).toMatchObject({ event: "pull_request" });
  expect(status.validations.map(({ pr_number }) => pr_number).slice(0, 1)).toEqual([5]);
});
