import { env } from "cloudflare:workers";
import { type Bucket, createArchive } from "@webhook-gateway/shared/archive/archive.ts";
import { archivedDetail, parseArchived } from "@webhook-gateway/shared/archive/archived-validation.ts";
import { validationKey } from "@webhook-gateway/shared/archive/keys.ts";
import { createLog } from "@webhook-gateway/shared/telemetry/log.ts";
import { beforeEach, expect, test } from "vitest";
import { startInvocation } from "../../../test/platform/invocation.ts";
import { withinShares } from "../../src/effects/connections.ts";
import { expireOld } from "../../src/maintain/retention.ts";
import { count, empty, rows } from "../support/database.ts";
import { callback, second } from "../support/facts.ts";
import { record } from "../support/recording.ts";
import { DAY, expectRules, insertEnded, opened, rowCounts } from "../support/retention.ts";

beforeEach(empty);

const refuse = () => Promise.reject(new Error("We encountered an internal error. (10001)"));
const BROKEN = { put: refuse, get: refuse, delete: refuse } satisfies Bucket;

/** Runs retention, with an archive, so many seconds after the tests' own hour began. @returns what it logged */
async function expireAfter(seconds: number, bucket: Bucket = env.ARCHIVE) {
  const lines: Record<string, unknown>[] = [];
  const now = () => new Date(second(seconds));
  const invocation = startInvocation();
  const shares = withinShares({
    db: invocation.database(env.DB),
    archive: createArchive(invocation.bucket(bucket), { now }),
    work: { send: () => Promise.reject(new Error("nothing is sent")) },
    sentinel: { heard: async () => {}, answered: async () => {} },
    fetch: () => Promise.reject(new Error("nothing is fetched")),
  });
  await expireOld({
    ...shares,
    log: createLog({ debug: false, write: (_, line) => void lines.push(JSON.parse(line)) }),
    now,
    wait: async () => {},
    config: { deliveriesDays: 14, validationsDays: 90 },
  });
  return lines;
}

/** A bucket whose calls can be replaced one by one. */
const bound = (bucket: R2Bucket): Bucket => ({
  put: (key, value, options) => bucket.put(key, value, options),
  get: (key) => bucket.get(key),
  delete: (keys) => bucket.delete(keys),
});

const resultsOf = async (id: string): Promise<string[]> =>
  (await env.ARCHIVE.list({ prefix: `results/${id}/` })).objects.map(({ key }) => key);

const archivedOf = async (id: string) =>
  parseArchived(await createArchive(env.ARCHIVE, { now: () => new Date() })?.get(validationKey(id)));

test("a validation is written whole before it is deleted", async () => {
  const { id, delivery, repository } = await opened("live");
  const whole = { success: true, output: "x".repeat(20_000) };
  await env.ARCHIVE.put(`results/${id}/c-1.json`, JSON.stringify(whole));
  const digest = { success: true, archived: `results/${id}/c-1.json` };
  await record([callback(repository, id, "completed", { results: digest })]);

  expect(await expireAfter(91 * DAY)).toMatchObject([{ event: "retention.done", archived: 1, more: false }]);

  expect(await rowCounts()).toEqual({ repository_names: 1 });
  expect(await resultsOf(id)).toEqual([]);
  await expectRules();
  const found = await archivedOf(id);
  if (found === undefined) throw new Error("it is not in the archive");
  expect(found.deliveries).toMatchObject([{ id: delivery, outcome: "started", validation_id: id }]);
  expect(archivedDetail(found)).toMatchObject({
    id,
    state: "completed",
    conclusion: "success",
    archived_at: second(91 * DAY),
    results: whole,
    timeline: [{ to_state: "queued" }, { to_state: "completed", reason: "callback completed" }],
    report: { state: "completed" },
  });
});

test.each([
  ["a validation that stays keeps the results that it names", "put"],
  ["results that cannot be deleted are left to the bucket's rules", "delete"],
] as const)("%s", async (_, broken) => {
  const { id, repository } = await opened("live");
  await env.ARCHIVE.put(`results/${id}/c-1.json`, JSON.stringify({ success: true }));
  const digest = { success: true, archived: `results/${id}/c-1.json` };
  await record([callback(repository, id, "completed", { results: digest })]);
  const bucket = { ...bound(env.ARCHIVE), [broken]: refuse };
  const lines = await expireAfter(91 * DAY, bucket);
  expect(lines[0]).toMatchObject({
    event: broken === "put" ? "retention.not-archived" : "retention.results-left",
  });
  expect(await count("SELECT count(*) FROM validations")).toBe(broken === "put" ? 1 : 0);
  expect(await resultsOf(id)).toEqual([`results/${id}/c-1.json`]);
});

test("what the archive does not take stays, with its deliveries, until it does", async () => {
  await insertEnded(3, 0);
  const before = await rowCounts();
  const lines = await expireAfter(91 * DAY, BROKEN);
  expect(lines).toMatchObject([
    { event: "retention.not-archived", archived: 0, error: expect.stringContaining("10001") },
    { event: "retention.done", archived: 0, more: true },
  ]);
  expect(await rowCounts()).toEqual(before);
  await expireAfter(91 * DAY + 60);
  expect(await rowCounts()).toEqual({});
});

test("the first that it does not take ends the run, and those before it are deleted", async () => {
  await insertEnded(5, 0);
  let puts = 0;
  const bucket: Bucket = {
    ...BROKEN,
    put: (...given) => (++puts > 3 ? refuse() : env.ARCHIVE.put(...given)),
  };
  await expireAfter(91 * DAY, bucket);
  expect([puts, await count("SELECT count(*) FROM validations")]).toEqual([4, 2]);
  await expectRules();
});

test("a validation that changes while it is written stays, and is written anew", async () => {
  const { id, repository } = await opened("completed");
  const late = { success: false, late: true };
  let puts = 0;
  const bucket: Bucket = {
    ...bound(env.ARCHIVE),
    put: async (...given) => {
      const put = await env.ARCHIVE.put(...given);
      if (++puts === 1) await record([callback(repository, id, "failed", { results: late })]);
      return put;
    },
  };
  await expireAfter(91 * DAY, bucket);
  expect(puts).toBe(2);
  expect(await count("SELECT count(*) FROM validations")).toBe(0);
  expect(JSON.stringify((await archivedOf(id))?.timeline)).toContain("after the end");
});

test("a backlog is worked off within the limits of an invocation, some hundred each time", async () => {
  await insertEnded(500, 0);
  const [first] = await expireAfter(91 * DAY);
  expect(first).toMatchObject({ event: "retention.done", more: true });
  expect(Number(first?.archived)).toBeGreaterThan(200);
  for (let run = 1; run < 5; run++) await expireAfter(91 * DAY + run * 60);
  expect(await rowCounts()).toEqual({});
  await expectRules();
});

test("large results of earlier versions, which are in D1, are archived a few at a time", async () => {
  await insertEnded(20, 0);
  await rows("UPDATE validations SET results = json_object('output', ?1)", "x".repeat(1_000_000));
  expect(await expireAfter(91 * DAY)).toMatchObject([{ archived: 20, more: false, chunks: 3 }]);
  expect(await count("SELECT count(*) FROM validations")).toBe(0);
});
