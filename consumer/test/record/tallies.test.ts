import { env } from "cloudflare:workers";
import { loadAlertFacts } from "@webhook-gateway/shared/store/maintain/alerts.ts";
import { invariants } from "@webhook-gateway/shared/store/maintain/invariants.ts";
import { loadOverview } from "@webhook-gateway/shared/store/read/overview.ts";
import { loadProjectStatus } from "@webhook-gateway/shared/store/read/project-status.ts";
import { recountTallies } from "@webhook-gateway/shared/store/tallies.ts";
import { beforeEach, describe, expect, test } from "vitest";
import { dispatchDue } from "../../src/dispatch/dispatch.ts";
import { count, empty, rows, rowsReadBy } from "../support/database.ts";
import { callback, freshRepository, pullRequest, second, sha } from "../support/facts.ts";
import { createDouble, effectDeps, take } from "../support/grainchain.ts";
import { record, recordEach } from "../support/recording.ts";
import { DAY, expectRules, expireAfter, insertEnded } from "../support/retention.ts";

beforeEach(empty);

/** Every count that is not 0. */
const kept = () =>
  rows("SELECT kind, key, name, n FROM tallies WHERE n <> 0 ORDER BY kind, key COLLATE BINARY, name");

async function brokenRules(): Promise<string[]> {
  const checked = await Promise.all(
    invariants(true).map(async ({ rule, sql }) => ({ rule, broken: await rows(sql) })),
  );
  return checked.filter(({ broken }) => broken.length > 0).map(({ rule }) => rule);
}

/** Pull requests that end in every way there is, and some that have not. */
async function everyEnd() {
  const repository = freshRepository();
  const id = (number: number, head: string) => `${repository.id}-pr-${number}-${sha(head)}-1`;
  const opened = Array.from({ length: 8 }, (_, n) => pullRequest(repository, n + 1)("opened", "a", n));
  await record(opened);
  const refused = { status: "failed", error_class: "permanent", message: "no" };
  const double = createDouble((call) => take(call, (one) => (one.pr_number === 3 ? refused : {})));
  await dispatchDue(effectDeps(double));
  await record([callback(repository, id(1, "a"), "running"), callback(repository, id(2, "a"), "running")]);
  await record([
    callback(repository, id(1, "a"), "completed", { results: { success: true } }),
    callback(repository, id(2, "a"), "completed", { success: false }),
    callback(repository, id(4, "a"), "failed", { error: "disk full" }),
    callback(repository, id(1, "a"), "completed"),
    pullRequest(repository, 5)("closed", "a", 60),
    pullRequest(repository, 6)("synchronize", "b", 60, { before: sha("a") }),
    pullRequest(repository, 9)("opened", "a", 60),
  ]);
  return repository;
}

describe("the counts", () => {
  test("kept by every change are those of the rows", async () => {
    await everyEnd();
    const found = await kept();
    expect(found.length).toBeGreaterThan(15);
    await recountTallies(env.DB);
    expect(await kept()).toEqual(found);
    await expectRules();
  });

  test("of deliveries that are recorded twice count once", async () => {
    const repository = freshRepository();
    const fact = pullRequest(repository, 1)("opened", "a", 0);
    await recordEach([fact, fact]);
    await record([fact, fact]);
    expect(await count("SELECT sum(n) FROM tallies WHERE kind = 'received'")).toBe(1);
    expect(await count("SELECT sum(n) FROM tallies WHERE kind = 'standing'")).toBe(1);
  });

  test("lose what retention deletes, and their own old rows", async () => {
    await everyEnd();
    await insertEnded(50, 0);
    await expireAfter(91 * DAY);
    await expectRules();
    const left = await rows<{ kind: string }>("SELECT DISTINCT kind FROM tallies WHERE n <> 0 ORDER BY kind");
    // A validation that has not ended stays, and so does what its repository still has.
    expect(left.map(({ kind }) => kind).filter((kind) => kind !== "repository")).toEqual(["standing"]);
  });

  test("that do not agree with the rows break a rule", async () => {
    await everyEnd();
    await rows("UPDATE tallies SET n = n + 1 WHERE kind = 'standing' AND name = 'queued'");
    expect(await brokenRules()).toEqual(["the count of live validations agrees with the rows"]);
    await recountTallies(env.DB);
    await rows("DELETE FROM tallies WHERE kind = 'repository' AND name = 'completed'");
    expect(await brokenRules()).toEqual(["the count of what has ended in a repository agrees with the rows"]);
  });

  test("are what pages and alerts say", async () => {
    const repository = await everyEnd();
    const now = new Date(second(3630));
    const { states, waiting, deliveries, hours } = await loadOverview(env.DB, now);
    expect(states).toMatchObject({
      completed: 2,
      failed: 1,
      dead: 1,
      cancelled: 1,
      superseded: 1,
      queued: 2,
    });
    expect(waiting).toMatchObject({ live: 2, replay: 0, backing_off: 0 });
    expect(deliveries).toMatchObject({ last_hour: 11, recovered_last_day: 0 });
    expect(hours).toMatchObject([{ validations: 10, succeeded: 1, failed_checks: 1, broken: 2 }]);
    expect(await loadAlertFacts(env.DB, second(30))).toMatchObject({
      endedLastHour: 4,
      brokenLastHour: 2,
      recoveredLastHour: 0,
    });
    expect((await loadProjectStatus(env.DB, repository.full_name)).states).toMatchObject({
      completed: 2,
      failed: 1,
      dead: 1,
      queued: 2,
    });
  });
});

test("a page or an alert reads the same few rows whether a hundred or 20,000 have ended within the hour", async () => {
  const reads = () =>
    Promise.all([
      rowsReadBy((db) => loadOverview(db, new Date(second(60)))),
      rowsReadBy((db) => loadAlertFacts(db, second(0))),
      rowsReadBy((db) => loadProjectStatus(db, "octo/1")),
    ]);
  await insertEnded(100, 0, "few");
  await rows("UPDATE validations SET repository = 'octo/1'");
  await recountTallies(env.DB);
  const few = await reads();
  await insertEnded(20_000, 0, "many");
  await rows("UPDATE validations SET repository = 'octo/1'");
  await recountTallies(env.DB);
  const many = await reads();
  expect(many).toEqual(few);
  expect(Math.max(...many)).toBeLessThan(100);
});
