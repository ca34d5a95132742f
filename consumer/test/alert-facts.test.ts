import { env } from "cloudflare:workers";
import { loadAlertFacts } from "@webhook-gateway/shared/store/alerts.ts";
import { beforeEach, expect, test } from "vitest";
import { empty, migrate } from "./support/database.ts";
import { second } from "./support/facts.ts";

beforeEach(async () => {
  await migrate();
  await empty();
});

/** Validations, of which those after the 9,000th ended later, and failed. */
const INSERT_ENDED = `
  WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
  INSERT INTO validations (id, repository_id, repository, subject, event, pr_number, pr_url, clone_url, ref, head_sha,
                           base_sha, run, cause, delivery_id, state, turn, created_at, finished_at, updated_at, version)
  SELECT 'v' || i, 1, 'octo/widgets', 'pr-' || i, 'pull_request', i, '', '', '', 'a', 'b', 1, 'opened', 'd' || i,
         CASE WHEN i > 9000 THEN 'failed' ELSE 'completed' END, i, ?2, CASE WHEN i > 9000 THEN ?3 ELSE ?2 END, ?2, 1
  FROM n`;

test("of a busy hour the last 10,000 ends are read, and no more", async () => {
  await env.DB.prepare(INSERT_ENDED).bind(12_000, second(10), second(20)).run();
  let read = 0;
  const db: Pick<D1Database, "prepare" | "batch"> = {
    prepare: (sql) => env.DB.prepare(sql),
    batch: async <T>(statements: D1PreparedStatement[]) => {
      const results = await env.DB.batch<T>(statements);
      for (const { meta } of results) read += meta.rows_read;
      return results;
    },
  };
  expect(await loadAlertFacts(db as D1Database, second(0))).toMatchObject({
    endedLastHour: 10_000,
    brokenLastHour: 3_000,
  });
  expect(read).toBeLessThan(20_100);
});
