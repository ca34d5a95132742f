/** What docs/operations.md promises about a database that is restored to an earlier time. */
import { env } from "cloudflare:workers";
import { parseHook } from "@webhook-gateway/shared/github/hook.ts";
import { insertReconcile } from "@webhook-gateway/shared/store/maintain/reconciles.ts";
import { expect, test } from "vitest";
import { reconcileAsked } from "../../src/recover/reconcile-schedule.ts";
import { empty, rows } from "../support/database.ts";
import { callback, freshRepository } from "../support/facts.ts";
import { openWorld, runOf } from "../support/github.ts";
import { examples } from "../support/hook-deliveries.ts";
import { expectConsistent } from "../support/invariants.ts";
import { validationOf } from "../support/recording.ts";

const HOOKS = ["org:octo/5"].flatMap((name) => parseHook(name) ?? []);
const TABLES = [
  "deliveries",
  "subjects",
  "validations",
  "timeline_results",
  "reports",
  "repositories",
  "tallies",
];

/** Keeps every row. @returns what puts them back, in place of all later ones */
async function bookmark(): Promise<() => Promise<void>> {
  const kept = await Promise.all(
    TABLES.map(async (table) => {
      // Without generated columns, and the numbers of rows, which are too long for JavaScript.
      const columns = await rows<{ name: string }>(`PRAGMA table_info(${table})`);
      const names = columns.map(({ name }) => name).filter((name) => name !== "seq");
      const insert = `INSERT INTO ${table} (${names}) VALUES (${names.map((_, index) => `?${index + 1}`)})`;
      return { insert, found: await rows<object>(`SELECT ${names} FROM ${table}`) };
    }),
  );
  return async () => {
    await empty();
    for (const { insert, found } of kept) for (const row of found) await rows(insert, ...Object.values(row));
  };
}

test("GitHub's deliveries bring back what a restored database has lost, under the same ids and callback URLs", async () => {
  await empty();
  const repository = freshRepository();
  const deliveries = examples.pullRequests(repository, 2, { status_code: 202 });
  const [after, before] = deliveries;
  if (after === undefined || before === undefined) throw new Error("no deliveries");
  const hooks = [{ kind: "org" as const, owner: "octo", id: 5, deliveries }];
  const world = await openWorld({ mode: "token", hooks });
  const kept = runOf(repository, "head 2", 1, 2);
  const lost = runOf(repository, "head 1", 1, 1);
  const completes = () => callback(repository, lost, "completed", { results: { success: true } });

  await world.record(examples.factOf(before, repository));
  await world.record(callback(repository, kept, "running"));
  const restore = await bookmark();
  await world.record(examples.factOf(after, repository));
  await world.record(callback(repository, kept, "completed"), completes());
  expect(await validationOf(lost)).toMatchObject({ state: "completed" });
  await restore();

  // Nothing is known about the later run. The earlier one is under way again, so the watchdog asks about it.
  await world.record(completes());
  expect(await rows("SELECT id, state FROM validations")).toEqual([{ id: kept, state: "running" }]);
  expect(world.lines.join()).toContain("its validation is deleted");

  await insertReconcile(
    env.DB,
    { id: "asked", requested_by: "operator:alice", dry_run: false, since: null },
    world.deps.now().toISOString(),
  );
  await reconcileAsked(world.deps, HOOKS);
  expect(await rows("SELECT missing, recovered FROM reconciles")).toEqual([{ missing: 1, recovered: 1 }]);
  expect(await rows("SELECT id, secret FROM deliveries ORDER BY received_at")).toMatchObject([
    { id: before.guid },
    { id: after.guid, secret: null },
  ]);
  expect(await validationOf(lost)).toMatchObject({ state: "queued" });
  await world.record(completes());
  expect(await validationOf(lost)).toMatchObject({ state: "completed", conclusion: "success" });
  await expectConsistent(repository.id);
});
