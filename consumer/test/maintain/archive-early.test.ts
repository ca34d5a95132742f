import { env } from "cloudflare:workers";
import { type Bucket, createArchive } from "@webhook-gateway/shared/archive/archive.ts";
import { archivedDetail, parseArchived } from "@webhook-gateway/shared/archive/archived-validation.ts";
import { validationKey } from "@webhook-gateway/shared/archive/keys.ts";
import { wholeResults } from "@webhook-gateway/shared/archive/whole-results.ts";
import { createLog } from "@webhook-gateway/shared/telemetry/log.ts";
import { beforeEach, expect, test } from "vitest";
import { expireOld } from "../../src/maintain/retention.ts";
import { count, empty, row, rows } from "../support/database.ts";
import { callback, second } from "../support/facts.ts";
import { record } from "../support/recording.ts";
import { claiming, DAY, expectRules, insertEnded, opened } from "../support/retention.ts";

beforeEach(empty);

const GB = 1e9;
const RESULTS = {
  success: true,
  test_results: { test: { status: "passed", exit_code: 0, duration_ms: 5, output: "line\n".repeat(1_400) } },
};

/** A validation that completed with results in the tests' own hour, and was reported. */
async function completed() {
  const run = await opened("live");
  await record([callback(run.repository, run.id, "completed", { results: RESULTS })]);
  await rows("UPDATE reports SET status = 'posted', posted_state = state");
  return run;
}

const resultsOf = async (id: string): Promise<Record<string, unknown>> =>
  JSON.parse((await row<{ results: string }>("SELECT results FROM validations WHERE id = ?1", id)).results);

/** Runs retention after so many days, in a database of that size. @returns what it logged, and wrote to the archive */
async function expireAfter(days: number, bytes: () => Promise<number>, bucket: Partial<Bucket> = {}) {
  const lines: Record<string, unknown>[] = [];
  const puts: string[] = [];
  const now = () => new Date(second(days * DAY));
  const bound: Bucket = {
    put: (key, value, options) => {
      puts.push(key);
      return env.ARCHIVE.put(key, value, options);
    },
    get: (key) => env.ARCHIVE.get(key),
    delete: (keys) => env.ARCHIVE.delete(keys),
    ...bucket,
  };
  await expireOld({
    db: claiming(bytes),
    archive: createArchive(bound, { now }),
    log: createLog({ debug: false, write: (_, line) => void lines.push(JSON.parse(line)) }),
    now,
    wait: async () => {},
    config: { deliveriesDays: 14, validationsDays: 90 },
  });
  await expectRules();
  return { lines, puts };
}

const archive = createArchive(env.ARCHIVE, { now: () => new Date() });
const halfFull = async () => 5.1 * GB;

test("a database over half full keeps a digest of results that are a day old, and the archive the whole", async () => {
  const { id, delivery } = await completed();
  expect((await expireAfter(0.9, halfFull)).lines).toMatchObject([{ event: "retention.done", more: false }]);
  expect(await resultsOf(id)).toEqual(RESULTS);
  expect((await expireAfter(2, async () => 4.9 * GB)).puts).toEqual([]);

  const { lines, puts } = await expireAfter(2, halfFull);
  expect([lines.at(-1), puts]).toMatchObject([{ early: 1, more: false }, [validationKey(id)]]);
  const digest = await resultsOf(id);
  expect(digest).toEqual({
    success: true,
    test_results: { test: { status: "passed", exit_code: 0, duration_ms: 5 } },
    archived: validationKey(id),
  });
  expect(await wholeResults(archive, digest, [id])).toEqual(RESULTS);
  expect(await wholeResults(archive, digest, ["1-pr-1-other-1", id])).toEqual(digest);

  // What is there already is not written again.
  expect((await expireAfter(3, halfFull)).puts).toEqual([]);
  expect((await expireAfter(91, halfFull)).puts).toEqual([]);
  expect(await count("SELECT count(*) FROM validations")).toBe(0);
  const found = parseArchived(await archive?.get(validationKey(id)));
  expect(found?.deliveries).toMatchObject([{ id: delivery }]);
  expect(found && archivedDetail(found).results).toEqual(RESULTS);
});

test("what has changed since is written again, with its whole results", async () => {
  const { id, repository } = await completed();
  await expireAfter(2, halfFull);
  await record([callback(repository, id, "failed", { results: { success: false, late: true } })]);
  expect((await expireAfter(91, halfFull)).puts).toEqual([validationKey(id)]);
  const found = parseArchived(await archive?.get(validationKey(id)));
  expect(found && archivedDetail(found)).toMatchObject({ results: RESULTS, archived_at: second(91 * DAY) });
  expect(JSON.stringify(found?.timeline)).toContain("after the end");
});

test("of what failed, D1 keeps the end of the output", async () => {
  const { id } = await completed();
  const test = { status: "failed", exit_code: 1, output: `${"before\n".repeat(1_000)}the last line` };
  const failed = JSON.stringify({ success: false, test_results: { test } });
  await rows("UPDATE validations SET results = ?1, conclusion = 'failure'", failed);
  await rows("UPDATE reports SET conclusion = 'failure'");
  await expireAfter(2, halfFull);
  const digest = JSON.stringify(await resultsOf(id));
  expect(digest).toContain("the last line");
  expect(digest.length).toBeLessThanOrEqual(2_048);
});

test("the oldest go first, until the database is less than half full", async () => {
  await insertEnded(130, 20, "later");
  await insertEnded(120, 0, "earlier");
  await rows("UPDATE validations SET results = ?1", JSON.stringify(RESULTS));
  const size = async () =>
    5 * GB + (await count("SELECT sum(octet_length(results)) - 1000000 FROM validations"));
  expect((await expireAfter(2, size)).lines).toMatchObject([{ early: 200, more: false }]);
  const whole = await rows(
    "SELECT subject, count(*) AS n FROM validations WHERE octet_length(results) > 1024 GROUP BY 1",
  );
  expect(whole).toEqual([{ subject: "later", n: 50 }]);
});

test("results stay where they are while the archive is away, or their report waits, or a digest saves little", async () => {
  const { id } = await completed();
  const away = { put: () => Promise.reject(new Error("We encountered an internal error. (10001)")) };
  const { lines } = await expireAfter(2, halfFull, away);
  expect(lines).toMatchObject([{ event: "retention.not-archived" }, { event: "retention.done", more: true }]);
  await rows("UPDATE reports SET status = 'due'");
  expect((await expireAfter(3, halfFull)).puts).toEqual([]);
  expect(await resultsOf(id)).toEqual(RESULTS);

  await rows("UPDATE reports SET status = 'posted'");
  await rows("DELETE FROM settings WHERE name = 'retention:early'");
  const failed = { success: false, test_results: { test: { status: "failed", output: "x".repeat(2_500) } } };
  await rows("UPDATE validations SET results = ?1, conclusion = 'failure'", JSON.stringify(failed));
  await rows("UPDATE reports SET conclusion = 'failure'");
  expect((await expireAfter(4, halfFull)).puts).toEqual([]);
});
