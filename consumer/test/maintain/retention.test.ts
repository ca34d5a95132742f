import { invariants } from "@webhook-gateway/shared/store/maintain/invariants.ts";
import { beforeEach, describe, expect, test } from "vitest";
import { count, empty, rows } from "../support/database.ts";
import { callback, freshRepository, pullRequest } from "../support/facts.ts";
import { record, setValidation, validationsOf } from "../support/recording.ts";
import { DAY, expireAfter } from "../support/retention.ts";

beforeEach(empty);

/** A pull request that was opened in the tests' own hour. @returns its validation's id */
async function opened(end?: "completed" | "dead"): Promise<string> {
  const repository = freshRepository();
  await record([pullRequest(repository)("opened", "head", 0)]);
  const id = (await validationsOf(repository))[0]?.id ?? "";
  if (end === "completed") await record([callback(repository, id, "completed")]);
  if (end === "dead") await setValidation(id, { state: "dead", finished_at: "2026-11-01T11:00:00.000Z" });
  return id;
}

/** Every rule of a live database. */
async function expectConsistent(): Promise<void> {
  for (const { rule, sql } of invariants(true))
    expect({ rule, broken: await rows(sql) }).toEqual({ rule, broken: [] });
}

const counts = async () => ({
  deliveries: await count("SELECT count(*) FROM deliveries"),
  validations: await count("SELECT count(*) FROM validations"),
  timeline: await count("SELECT count(*) FROM timeline"),
  reports: await count("SELECT count(*) FROM reports"),
});

describe("what has ended", () => {
  test("is kept whole until its delivery is old", async () => {
    await opened("completed");
    const before = await counts();
    await expireAfter(13 * DAY);
    expect(await counts()).toEqual(before);
  });

  test("outlives its delivery, and every rule still holds", async () => {
    await opened("completed");
    const before = await counts();
    await expireAfter(15 * DAY);
    expect(await counts()).toEqual({ ...before, deliveries: 0 });
    await expectConsistent();
  });

  test("goes before its delivery if deliveries are kept for longer, and every rule still holds", async () => {
    await opened("completed");
    await expireAfter(5 * DAY, { config: { validationsDays: 4 } });
    expect(await counts()).toEqual({ deliveries: 1, validations: 0, timeline: 0, reports: 0 });
    await expectConsistent();
    await expireAfter(15 * DAY, { config: { validationsDays: 4 } });
    expect(await counts()).toEqual({ deliveries: 0, validations: 0, timeline: 0, reports: 0 });
  });

  test("goes with all that hangs on it once it is old itself", async () => {
    await opened("completed");
    await expireAfter(91 * DAY);
    expect(await counts()).toEqual({ deliveries: 0, validations: 0, timeline: 0, reports: 0 });
  });
});

test("what has not ended is kept, however old it is, with its delivery", async () => {
  await opened();
  const before = await counts();
  await expireAfter(400 * DAY);
  expect(await counts()).toEqual(before);
  await expectConsistent();
});

test("a validation is kept for as long as its dead letter is open", async () => {
  const id = await opened("dead");
  await rows(
    `INSERT INTO dead_letters (id, kind, class, error, attempts, first_at, died_at, validation_id)
     VALUES ('dispatch-' || ?1, 'dispatch', 'permanent', 'no', 1, '2026-11-01T11:00:00.000Z', '2026-11-01T11:00:00.000Z', ?1)`,
    id,
  );
  await expireAfter(91 * DAY);
  expect(await count("SELECT count(*) FROM validations")).toBe(1);
  await rows("UPDATE dead_letters SET status = 'discarded', closed_at = '2026-11-02T11:00:00.000Z'");
  await expireAfter(92 * DAY);
  expect(await count("SELECT count(*) FROM validations")).toBe(0);
  expect(await count("SELECT count(*) FROM dead_letters")).toBe(0);
});

test("more than one chunk goes in one run", async () => {
  await rows(
    `INSERT INTO deliveries (id, event, received_at, recorded_at, outcome)
     WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)
     SELECT 'old-' || i, 'push', '2026-10-01T00:00:00.000Z', '2026-10-01T00:00:00.000Z', 'recorded' FROM n`,
  );
  await expireAfter(3600);
  expect(await count("SELECT count(*) FROM deliveries")).toBe(0);
});

test("it is done once an hour", async () => {
  await expireAfter(15 * DAY);
  await opened("completed");
  await expireAfter(15 * DAY + 3000);
  expect(await count("SELECT count(*) FROM deliveries")).toBe(1);
  await expireAfter(15 * DAY + 3601);
  expect(await count("SELECT count(*) FROM deliveries")).toBe(0);
});

test("an event after its subject is gone begins it anew", async () => {
  const repository = freshRepository();
  const pull = pullRequest(repository);
  await record([pull("opened", "a", 0)]);
  const [first] = await validationsOf(repository);
  await record([callback(repository, first?.id ?? "", "completed"), pull("closed", "a", 60)]);
  await expireAfter(91 * DAY);
  expect(await count("SELECT count(*) FROM subjects")).toBe(0);
  await record([pull("reopened", "a", 120)]);
  expect(await validationsOf(repository)).toMatchObject([{ state: "queued", run: 1 }]);
});
