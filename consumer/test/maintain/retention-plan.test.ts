import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, test } from "vitest";
import { rows } from "../support/database.ts";
import { second } from "../support/facts.ts";
import { DAY, deleteRound, insertEnded, insertOthers, rowCounts } from "../support/retention.ts";

const YOUNG = 100_000;
const OLD = 20;
const HORIZONS = {
  deliveriesBefore: second(DAY),
  validationsBefore: second(DAY),
  actionsBefore: second(DAY),
  strayResultsBefore: second(DAY),
};

interface Asked {
  readonly sql: string;
  readonly bound: readonly unknown[];
  readonly read: number;
  readonly changed: number;
}

/** Deletes a chunk, and tells what each statement cost that deletes rows of a table that retention bounds. */
async function deleteAndTell(): Promise<Asked[]> {
  const prepared = new Map<D1PreparedStatement, { sql: string; bound: readonly unknown[] }>();
  const asked: Asked[] = [];
  const db: D1Database = Object.assign(Object.create(env.DB), {
    prepare: (sql: string) => {
      const statement = env.DB.prepare(sql);
      return {
        bind: (...bound: unknown[]) => {
          const ready = statement.bind(...bound);
          prepared.set(ready, { sql, bound });
          return ready;
        },
      };
    },
    batch: async (statements: D1PreparedStatement[]) => {
      const results = await env.DB.batch(statements);
      for (const [index, { meta }] of results.entries()) {
        const statement = statements[index];
        const known = statement === undefined ? undefined : prepared.get(statement);
        if (known !== undefined && /DELETE FROM (?!tallies|operator_actions)/.test(known.sql))
          asked.push({ ...known, read: meta.rows_read, changed: meta.changes });
      }
      return results;
    },
  });
  await deleteRound(db, HORIZONS);
  return asked;
}

const tableOf = (sql: string): string => /DELETE FROM (\w+)/.exec(sql)?.[1] ?? "";

let asked: readonly Asked[] = [];
beforeAll(async () => {
  await insertEnded(YOUNG, 2 * DAY, "young");
  await insertOthers(YOUNG, 2 * DAY, "young");
  await insertEnded(OLD, 0);
  await insertOthers(OLD, 0);
  asked = await deleteAndTell();
}, 120_000);

describe("among 100,000 young rows of every table", () => {
  test("each delete finds the old ones and no other", async () => {
    const found = new Map<string, number>();
    for (const { sql, changed } of asked) found.set(tableOf(sql), (found.get(tableOf(sql)) ?? 0) + changed);
    expect(found).toEqual(
      new Map([...found.keys()].map((table) => [table, table === "timeline" ? 2 * OLD : OLD])),
    );
    const left = Object.values(await rowCounts());
    expect(left).toHaveLength(found.size);
    expect(Math.min(...left)).toBe(YOUNG);
  });

  test("each delete reads rows in proportion to what it deletes", () => {
    // Of subjects the next 5,000 are looked at.
    const mostOf = ({ sql, changed }: Asked) =>
      20 * (changed + 1) + (tableOf(sql) === "subjects" ? 5_000 : 0);
    const costly = asked.filter((one) => one.read > mostOf(one));
    expect(costly.map(({ sql, read }) => [tableOf(sql), read])).toEqual([]);
  });

  test("each delete goes by an index", async () => {
    for (const { sql, bound } of asked) {
      const plan = await rows<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`, ...bound);
      const steps = plan.map(({ detail }) => detail);
      expect(steps.filter((step) => step.startsWith("SEARCH")).length).toBeGreaterThan(0);
      expect([
        tableOf(sql),
        ...steps.filter((step) => /^SCAN (?!json_each|CONSTANT ROW)|TEMP B-TREE/.test(step)),
      ]).toEqual([tableOf(sql)]);
    }
  });
});
