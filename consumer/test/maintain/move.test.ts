/** Rows of earlier schemas: see shared/migrations/README.md. */
import { env } from "cloudflare:workers";
import type { Moved } from "@webhook-gateway/shared/store/maintain/move.ts";
import { listDeliveries } from "@webhook-gateway/shared/store/read/delivery-list.ts";
import { listValidations } from "@webhook-gateway/shared/store/read/validation-list.ts";
import { recountTallies } from "@webhook-gateway/shared/store/tallies.ts";
import { createLog } from "@webhook-gateway/shared/telemetry/log.ts";
import { beforeEach, expect, test } from "vitest";
import { moveRows } from "../../src/maintain/move.ts";
import { count, empty, faulty, rows } from "../support/database.ts";
import { callback, freshRepository, pullRequest, second } from "../support/facts.ts";
import { deliveryOf, record, timelineOf, validationOf } from "../support/recording.ts";

const NUMBERS = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)";

const BEFORE = ["deliveries_before", "validations_before", "timeline_before"];

beforeEach(async () => {
  await empty();
  for (const table of BEFORE) await rows(`DELETE FROM ${table}`);
});

const left = async () => Promise.all(BEFORE.map((table) => count(`SELECT count(*) FROM ${table}`)));

/** So many deliveries of an earlier version, two in each millisecond. */
const insertDeliveries = (total: number) =>
  rows(
    `INSERT INTO deliveries_before (id, event, repository_id, repository, received_at, recorded_at, outcome, digest) ${NUMBERS}
     SELECT 'd' || i, 'push', 7, 'octo/widgets', strftime('%FT%H:%M:%fZ', 1793527200 + (i / 2) * 0.001, 'unixepoch'),
            '2026-11-01T10:00:00.000Z', 'recorded', 'digest ' || i FROM n`,
    total,
  );

function moving(db: D1Database = env.DB) {
  const lines: string[] = [];
  const log = createLog({ debug: false, write: (_, line) => void lines.push(line) });
  // An object of its own for each, as for a database of which nothing is known.
  const move = (what: Moved = "everything") =>
    moveRows({ db, log, now: () => new Date() }, Object.create(env.DB), what);
  return { move, lines };
}

test("deliveries are moved whole, in pieces, and are listed by the time of their receipt", async () => {
  await insertDeliveries(12_000);
  const [before] = await rows("SELECT * FROM deliveries_before WHERE id = 'd77'");
  expect(await moving().move()).toBe(true);
  expect(await left()).toEqual([0, 0, 0]);
  expect(await count("SELECT count(*) FROM deliveries")).toBe(12_000);
  expect((await rows("SELECT * FROM deliveries WHERE id = 'd77'"))[0]).toMatchObject(before ?? {});
  const { items } = await listDeliveries(env.DB, { limit: "3" });
  expect(items.map(({ id }) => id)).toEqual(["d12000", "d11999", "d11998"]);
});

/**
 * So many validations of an earlier version, of pull requests of their own, each with three entries in its timeline. The
 * oldest of them are under way.
 */
const insertValidations = async (total: number, live: number) => {
  const id = `'7-pr-' || i || '-' || printf('%040x', i) || '-1'`;
  const time = "strftime('%FT%H:%M:%fZ', 1793527200 + i * 0.001, 'unixepoch')";
  await rows(
    `INSERT INTO validations_before (id, repository_id, repository, subject, event, pr_number, pr_url, clone_url, ref,
       head_sha, base_sha, run, cause, delivery_id, state, conclusion, turn, grainchain_id, created_at, heard_at,
       finished_at, updated_at, results, version) ${NUMBERS}
     SELECT ${id}, 7, 'octo/widgets', 'pr-' || i, 'pull_request', i, '', '', 'topic', printf('%040x', i), 'b', 1, 'opened',
            'd' || i, iif(i <= ?2, 'running', 'completed'), iif(i <= ?2, NULL, 'success'), i, 'g' || i, ${time}, ${time},
            iif(i <= ?2, NULL, ${time}), ${time}, iif(i <= ?2, NULL, '{"success":true}'), 4 FROM n`,
    total,
    live,
  );
  const entry = (from: string, to: string, reason: string, results: string) =>
    rows(
      `INSERT INTO timeline_before (validation_id, at, from_state, to_state, reason, delivery_id, results) ${NUMBERS}
       SELECT ${id}, ${time}, ${from}, ${to}, '${reason}', 'c' || i, ${results} FROM n WHERE ?2 = ?2`,
      total,
      live,
    );
  await entry("NULL", "'queued'", "queued by push", "NULL");
  await entry("'queued'", "'running'", "callback running", `iif(i % 100 = 1, '{"n":' || i || '}', NULL)`);
  await entry("'running'", "iif(i <= ?2, 'running', 'completed')", "callback completed", "NULL");
  await recountTallies(env.DB);
};

test("validations are moved whole, with their timeline, and what is under way comes first", async () => {
  await insertValidations(4_500, 7);
  const [before] = await rows<object>("SELECT * FROM validations_before WHERE pr_number = 4001");
  expect(await moving().move("live work")).toBe(true);
  expect(
    await rows(
      "SELECT state, count(*) AS n, min(watch_from) = max(heard_at) AS first FROM validations GROUP BY 1",
    ),
  ).toEqual([{ state: "running", n: 7, first: 0 }]);
  expect(await count("SELECT count(*) FROM v_in_flight")).toBe(7);
  expect(await moving().move()).toBe(true);
  expect(await left()).toEqual([0, 0, 0]);
  expect((await rows("SELECT * FROM validations WHERE pr_number = 4001"))[0]).toMatchObject({
    ...before,
    watch_from: null,
  });
  const id = `7-pr-4001-${(4001).toString(16).padStart(40, "0")}-1`;
  expect(await timelineOf(id)).toMatchObject([
    { from_state: null, to_state: "queued", delivery_id: "c4001", results: null },
    { from_state: "queued", to_state: "running", results: '{"n":4001}' },
    { from_state: "running", to_state: "completed", reason: "callback completed" },
  ]);
  const { items } = await listValidations(env.DB, { limit: "2" });
  expect(items.map(({ pr_number }) => pr_number)).toEqual([4500, 4499]);
});

test("a callback goes on where an earlier version has stopped, and is not recorded twice", async () => {
  await insertValidations(1, 1);
  await moving().move();
  const id = `7-pr-1-${"1".padStart(40, "0")}-1`;
  const repository = { id: 7, full_name: "octo/widgets", clone_url: "" };
  const again = { ...callback(repository, id, "completed", { results: { success: true } }), id: "c1" };
  await record([again]);
  expect(await validationOf(id)).toMatchObject({ state: "running" });
  await record([{ ...again, id: "c2" }]);
  expect(await validationOf(id)).toMatchObject({ state: "completed" });
  expect((await timelineOf(id)).map(({ to_state }) => to_state)).toEqual([
    "queued",
    "running",
    "running",
    "completed",
  ]);
  expect(await rows("SELECT id FROM timeline WHERE validation_id = ?1", id)).toEqual(
    [1, 2, 3, 4].map((n) => ({ id: n })),
  );
});

test("a move that is interrupted anywhere goes on where it stopped", async () => {
  await insertDeliveries(12_000);
  await insertValidations(4_500, 2_100);
  let trips = 0;
  const faults = ["never", "after", "never", "before", "never", "never", "never", "after"] as const;
  const { move, lines } = moving(faulty(env.DB, () => faults[trips++] ?? "never"));
  const answers = [await move(), await move(), await move(), await move()];
  expect(answers).toEqual([false, false, false, true]);
  expect(lines.join()).toContain("move.failed");
  expect(await count("SELECT count(*) FROM deliveries")).toBe(12_000);
  expect(await count("SELECT count(*) FROM validations")).toBe(4_500);
  expect(await count("SELECT count(*) FROM timeline")).toBe(13_500);
  expect(await left()).toEqual([0, 0, 0]);
});

test("what was recorded before the update is not recorded again after it", async () => {
  const fact = pullRequest(freshRepository())("opened", "a", 1);
  await rows(
    `INSERT INTO deliveries_before (id, event, received_at, recorded_at, outcome) VALUES (?1, 'pull_request', ?2, ?2, 'stale')`,
    fact.id,
    second(0),
  );
  await moving().move();
  await record([fact]);
  expect(await deliveryOf(fact)).toMatchObject({ outcome: "stale" });
});
