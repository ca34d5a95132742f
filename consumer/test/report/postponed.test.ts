import { env } from "cloudflare:workers";
import { claimReactions } from "@webhook-gateway/shared/store/claim/github-outbox.ts";
import { claimReports } from "@webhook-gateway/shared/store/claim/reports.ts";
import type { Limit } from "@webhook-gateway/shared/store/sql/limit.ts";
import { commit } from "@webhook-gateway/shared/store/write/commit.ts";
import { beforeEach, expect, test } from "vitest";
import { empty, rows, rowsReadBy } from "../support/database.ts";
import { second } from "../support/facts.ts";

const LIMIT = 15;
let leases = 0;

beforeEach(empty);

/** So many due reports and reactions in as many repositories as there are, which installations share. */
async function filled(size: {
  readonly repositories: number;
  readonly installations: number;
  readonly due: number;
}) {
  const numbers = (count: number) =>
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})`;
  await env.DB.batch([
    env.DB.prepare(
      `${numbers(size.repositories)}
       INSERT INTO repositories (repository_id, last_turn, installation_id) SELECT i, 0, 1 + i % ?1 FROM n`,
    ).bind(size.installations),
    env.DB.prepare(
      `${numbers(size.due)}
       INSERT INTO validations (id, repository, repository_id, subject, pr_number, pr_url, event, ref, clone_url, head_sha,
                                base_sha, run, cause, delivery_id, state, lane, turn, attempts, created_at, updated_at, version)
       SELECT 'v' || i, 'acme/w' || i, 1 + i % ?1, 'pr-' || i, i, '', 'pull_request', '', '', 'sha' || i, '', 1, 'opened', 'd',
              'queued', 0, i, 0, ?2, ?2, 1 FROM n`,
    ).bind(size.repositories, second(0)),
    env.DB.prepare(
      `${numbers(size.due)}
       INSERT INTO reports (validation_id, state, status, priority, wanted_at, due_at, repository_id, head_sha, installation_id)
       SELECT 'v' || i, 'queued', 'due', i % 2, ?2, ?2, 1 + i % ?1, 'sha' || i,
              (SELECT installation_id FROM repositories WHERE repository_id = 1 + i % ?1) FROM n`,
    ).bind(size.repositories, second(0)),
    env.DB.prepare(
      `INSERT INTO reactions (delivery_id, repository_id, repository, comment_id, content, status, wanted_at, due_at, installation_id)
       SELECT validation_id, repository_id, 'acme/w', 1, '+1', 'due', due_at, due_at, installation_id FROM reports`,
    ),
  ]);
}

const claim = (db: D1Database = env.DB, mode: "app" | "token" = "app") =>
  claimReports(db, mode, {
    leaseId: `lease-${++leases}`,
    now: second(10),
    leaseUntil: second(600),
    limit: LIMIT,
  });

const claimSomeReactions = (db: D1Database = env.DB) =>
  claimReactions(db, "app", { now: second(10), leaseUntil: second(600), limit: LIMIT });

const hold = (limit: Partial<Limit>) =>
  commit(env.DB, second(10), [
    {
      kind: "limit",
      row: { credential: "installation:1", minor: false, creates: false, until: second(60), ...limit },
    },
  ]);

const installationsOf = (all: readonly { readonly installation_id: number | null }[]) => [
  ...new Set(all.map(({ installation_id }) => installation_id)),
];

test("a claim reads as little at 4,000 held reports of 5,000 repositories as at 40 of 50", async () => {
  await filled({ repositories: 50, installations: 1, due: 40 });
  await hold({});
  const few = [await rowsReadBy(claim), await rowsReadBy(claimSomeReactions)];
  await empty();
  await filled({ repositories: 5_000, installations: 1, due: 4_000 });
  await hold({});

  expect([await rowsReadBy(claim), await rowsReadBy(claimSomeReactions)]).toEqual(few);
  expect(Math.max(...few)).toBeLessThan(60);
  expect((await claim()).reports).toEqual([]);
  expect(await claimSomeReactions()).toEqual([]);
});

test("a claim reads a few rows of each of 50 installations, whatever they have", async () => {
  await filled({ repositories: 5_000, installations: 50, due: 400 });
  const few = [await rowsReadBy(claim), await rowsReadBy(claimSomeReactions)];
  await empty();
  await filled({ repositories: 5_000, installations: 50, due: 4_000 });
  const many = [await rowsReadBy(claim), await rowsReadBy(claimSomeReactions)];

  expect(many).toEqual(few);
  expect(many.map((read) => read < 8_000)).toEqual([true, true]);
  expect(installationsOf((await claim()).reports)).toHaveLength(LIMIT);
});

test("a claim reads what is being posted a few times, not for each report that is due", async () => {
  await filled({ repositories: 5_000, installations: 50, due: 4_000 });
  const alone = await rowsReadBy(claim);
  for (let n = 0; n < 20; n++) await claim();
  const beside = await rowsReadBy(claim);

  const leased = 21 * LIMIT;
  expect(await rows("SELECT sum(json_array_length(reports)) AS n FROM report_leases")).toEqual([
    { n: leased + LIMIT },
  ]);
  expect(beside - alone).toBeLessThan(10 * leased);
});

test("reports that D1 cannot read hold up no others", async () => {
  await filled({ repositories: 9, installations: 3, due: 2 * LIMIT });
  await rows("UPDATE validations SET results = 'not JSON' WHERE pr_number % 2 = 0");
  await expect(claim()).rejects.toThrow("malformed JSON");

  expect((await claim()).reports.map(({ number }) => number % 2)).toEqual(Array(LIMIT).fill(1));
});

test("installations take turns, and one that is held has none", async () => {
  await filled({ repositories: 9, installations: 3, due: 90 });
  await hold({});
  const { reports } = await claim();

  expect(reports).toHaveLength(LIMIT);
  expect(installationsOf(reports).toSorted()).toEqual([2, 3]);
  expect(installationsOf(await claimSomeReactions()).toSorted()).toEqual([2, 3]);
  expect(await rows("SELECT DISTINCT due_at FROM reports")).toEqual([{ due_at: second(0) }]);
});

test.each<[string, Partial<Limit>, string[]]>([
  ["everything", {}, []],
  ["what creates something", { creates: true }, ["0 change", "1 change"]],
  ["what can wait", { minor: true }, ["0 change", "0 create"]],
  [
    "what creates something and can wait",
    { creates: true, minor: true },
    ["0 change", "0 create", "1 change"],
  ],
  ["what it held until now", { until: second(10) }, ["0 change", "0 create", "1 change", "1 create"]],
])("a limit holds %s", async (_, limit, claimed) => {
  await filled({ repositories: 4, installations: 1, due: 8 });
  await rows("UPDATE reports SET external_id = '1' WHERE CAST(substr(validation_id, 2) AS INTEGER) > 4");
  await hold(limit);
  const { reports } = await claim();

  const kinds = reports.map(({ priority, creates }) => `${priority} ${creates ? "create" : "change"}`);
  expect([...new Set(kinds)].toSorted()).toEqual(claimed);
});

test("a limit is not cut short by an earlier one, nor does it lift another kind", async () => {
  await filled({ repositories: 1, installations: 1, due: 4 });
  await hold({});
  await hold({ until: second(9) });
  await hold({ creates: true, until: second(9) });
  expect((await claim()).reports).toEqual([]);
});

test("a token's limit holds every installation, and an App's own none that is known", async () => {
  await filled({ repositories: 4, installations: 2, due: 8 });
  await hold({ credential: "token", creates: true });
  await rows("UPDATE reports SET external_id = '1'");
  expect((await claim(env.DB, "token")).reports).toEqual([]);
  await hold({ credential: "app" });
  await rows("UPDATE reports SET installation_id = 0 WHERE validation_id <> 'v1'");
  expect((await claim()).reports.map(({ validation_id }) => validation_id)).toEqual(["v1"]);
});

test("what nobody looks at is claimed last", async () => {
  await filled({ repositories: 8, installations: 1, due: 8 });
  await rows("UPDATE reports SET priority = (CAST(substr(validation_id, 2) AS INTEGER) - 1) / 2");
  const { reports } = await claim();
  expect(reports.map(({ priority }) => priority)).toEqual([0, 0, 1, 1, 2, 2, 3, 3]);
});

test("final states are claimed first, the newest first", async () => {
  await filled({ repositories: 40, installations: 1, due: 40 });
  await rows(
    "UPDATE reports SET wanted_at = ?1 || substr('00' || substr(validation_id, 2), -2) || 'Z', due_at = ?1 || substr('00' || substr(validation_id, 2), -2) || 'Z'",
    second(1).slice(0, -3),
  );
  const ids = (await claim()).reports.map(({ validation_id }) => validation_id);
  expect(ids).toEqual(Array.from({ length: LIMIT }, (_, at) => `v${40 - 2 * at}`));
});
