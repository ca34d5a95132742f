import { env } from "cloudflare:workers";
import { postponeReports } from "@webhook-gateway/shared/store/claim/reports.ts";
import { beforeEach, expect, test } from "vitest";
import { count, empty, rowsReadBy } from "../support/database.ts";
import { second } from "../support/facts.ts";

const INSTALLATION = 50;
const DUE = 200;

beforeEach(async () => {
  await empty();
});

/** An installation with so many repositories, and due reports of some of them. */
async function installed(repositories: number): Promise<void> {
  await env.DB.batch([
    env.DB.prepare(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
       INSERT INTO repositories (repository_id, last_turn, installation_id) SELECT i, 0, ?2 FROM n`,
    ).bind(repositories, INSTALLATION),
    env.DB.prepare(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
       INSERT INTO reports (validation_id, state, status, wanted_at, due_at, repository_id, head_sha)
       SELECT 'v' || i, 'queued', 'due', ?2, ?2, i, 'sha' || i FROM n`,
    ).bind(DUE, second(0)),
  ]);
}

/** @returns the rows that are read for it */
const postpone = () =>
  rowsReadBy((db) =>
    postponeReports(db, [{ installation_id: INSTALLATION, priority: 0, creates: false, until: second(60) }]),
  );

test("postponing an installation's reports reads as much whether it has 500 or 5,000 repositories", async () => {
  await installed(500);
  const few = await postpone();
  expect(await count("SELECT count(*) FROM reports WHERE due_at = ?1", second(60))).toBe(DUE);
  await empty();
  await installed(5_000);

  expect(await postpone()).toBe(few);
  expect(few).toBeLessThan(10 * DUE);
});
