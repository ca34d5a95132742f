/** Rows of earlier schemas: see shared/migrations/README.md. */
import { env } from "cloudflare:workers";
import { listDeliveries } from "@webhook-gateway/shared/store/read/delivery-list.ts";
import { createLog } from "@webhook-gateway/shared/telemetry/log.ts";
import { beforeEach, expect, test } from "vitest";
import { moveRows } from "../../src/maintain/move.ts";
import { count, empty, faulty, rows } from "../support/database.ts";
import { freshRepository, pullRequest, second } from "../support/facts.ts";
import { deliveryOf, record } from "../support/recording.ts";

const NUMBERS = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)";

beforeEach(async () => {
  await empty();
  await rows("DELETE FROM deliveries_before");
});

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
  const move = () => moveRows({ db, log, now: () => new Date() }, Object.create(env.DB));
  return { move, lines };
}

test("deliveries are moved whole, in pieces, and are listed by the time of their receipt", async () => {
  await insertDeliveries(12_000);
  const [before] = await rows("SELECT * FROM deliveries_before WHERE id = 'd77'");
  expect(await moving().move()).toBe(true);
  expect(await count("SELECT count(*) FROM deliveries_before")).toBe(0);
  expect(await count("SELECT count(*) FROM deliveries")).toBe(12_000);
  expect((await rows("SELECT * FROM deliveries WHERE id = 'd77'"))[0]).toMatchObject(before ?? {});
  const { items } = await listDeliveries(env.DB, { limit: "3" });
  expect(items.map(({ id }) => id)).toEqual(["d12000", "d11999", "d11998"]);
});

test("a move that is interrupted anywhere goes on where it stopped", async () => {
  await insertDeliveries(12_000);
  let trips = 0;
  const faults = ["never", "after", "never", "before", "never", "never", "never", "after"] as const;
  const { move, lines } = moving(faulty(env.DB, () => faults[trips++] ?? "never"));
  const answers = [await move(), await move(), await move(), await move()];
  expect(answers).toEqual([false, false, false, true]);
  expect(lines.join()).toContain("move.failed");
  expect(await count("SELECT count(*) FROM deliveries")).toBe(12_000);
  expect(await count("SELECT count(*) FROM deliveries_before")).toBe(0);
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
