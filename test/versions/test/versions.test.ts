/** During a deployment two versions run at once: see shared/migrations/README.md and docs/releasing.md. */
import { readdirSync, readFileSync } from "node:fs";
import { FACT_VERSION, parseFact } from "@webhook-gateway/shared/messages/fact.ts";
import { kindOf } from "@webhook-gateway/shared/messages/wake-up.ts";
import { describe, expect, test } from "vitest";
import { FACTS } from "../samples.ts";
import { createD1, migrated, migrations } from "../sqlite-d1.mjs";

const FOLDER = new URL("../", import.meta.url);
const versions = readdirSync(FOLDER).filter((name) => /^\d/.test(name));

interface Messages {
  readonly facts: readonly object[];
  readonly wakeUps: readonly { readonly body: object; readonly request: boolean }[];
}

/** The index of a statement, and its values. */
type Call = readonly [statement: number, ...values: string[]];

interface Recorded {
  /** The newest migration of that version. */
  readonly migration: string;
  readonly statements: readonly string[];
  readonly calls: readonly Call[];
  /** What they leave. */
  readonly validations: readonly object[];
  readonly retention: readonly Call[];
  readonly timelineLeft: number;
}

const read = <Content>(version: string, name: string): Content =>
  JSON.parse(readFileSync(new URL(`${version}/${name}`, FOLDER), "utf8"));

describe.each(versions)("beside version %s", (version) => {
  const { facts, wakeUps } = read<Messages>(version, "messages.json");
  const recorded = read<Recorded>(version, "statements.json");

  test.each(facts.map((fact) => [JSON.stringify(fact).slice(0, 80), fact]))(
    "its fact %s is read whole",
    (_, fact) => {
      expect(parseFact(fact)).toEqual(fact);
    },
  );

  test("its wake-ups are understood", () => {
    expect(wakeUps.map(({ body }) => kindOf(body) === "request")).toEqual(
      wakeUps.map(({ request }) => request),
    );
  });

  test("its consumer reads each fact of this version right, or not at all and so tries it again", async () => {
    const old: { readonly parseFact: typeof parseFact } = await import(`../${version}/fact.ts`);
    for (const fact of FACTS) {
      const understood = old.parseFact(structuredClone(fact));
      if (understood !== undefined) expect(fact).toMatchObject(understood);
    }
    for (const unknown of [
      { v: FACT_VERSION + 1 },
      { kind: "new" },
      { change: { type: "new" }, kind: "delivery" },
    ]) {
      expect(old.parseFact({ ...FACTS[0], ...unknown })).toBeUndefined();
    }
  });

  test("its statements do what they did, on the newest schema", async () => {
    const database = migrated(migrations);
    const d1 = createD1(database, () => {});
    const replay = async (calls: readonly Call[]) => {
      for (const [statement, ...values] of calls) {
        await d1
          .prepare(recorded.statements[statement] ?? "")
          .bind(...values)
          .run();
      }
    };
    await replay(recorded.calls);
    const rows = (sql: string) =>
      database
        .prepare(sql)
        .all()
        .map((row) => ({ ...row }));
    expect(rows("SELECT id, state FROM validations ORDER BY id")).toEqual(recorded.validations);
    await replay(recorded.retention);
    expect(rows("SELECT count(*) AS n FROM timeline")).toEqual([{ n: recorded.timelineLeft }]);
  });

  test("its schema has only been added to", () => {
    const then = schemaOf(migrations.slice(0, migrations.indexOf(recorded.migration) + 1));
    const now = schemaOf(migrations);
    expect(now.columns).toEqual(expect.arrayContaining(then.columns));
    expect(now.objects).toEqual(expect.arrayContaining(then.objects));
    const tables = new Set(then.columns.map(({ table }) => table));
    const known = new Set(then.columns.map(({ table, name }) => `${table}.${name}`));
    const added = now.columns.filter(
      ({ table, name }) => tables.has(table) && !known.has(`${table}.${name}`),
    );
    // Its INSERTs do not name them.
    expect(added.filter(({ notnull, dflt_value }) => notnull === 1 && dflt_value === null)).toEqual([]);
    // These could refuse what it writes. It leaves new columns empty, and an index takes any number of empty ones.
    const bites = ({ table, column }: Unique) => tables.has(table) && known.has(`${table}.${column}`);
    expect(now.unique.filter(bites)).toEqual(then.unique);
    expect(now.triggers.filter(({ table }) => tables.has(table))).toEqual(then.triggers);
  });
});

interface Unique {
  readonly table: string;
  readonly column: string;
}

interface Column {
  readonly table: string;
  readonly name: string;
  readonly notnull: number;
  readonly dflt_value: string | null;
}

function schemaOf(names: readonly string[]) {
  const database = migrated(names);
  const all = <Row>(sql: string) =>
    database
      .prepare(sql)
      .all()
      .map((row) => ({ ...row })) as Row[];
  return {
    columns: all<Column>(`
      SELECT m.name AS "table", c.name, c.type, c."notnull", c.dflt_value, c.pk
      FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type IN ('table', 'view')`),
    objects: all<object>("SELECT type, name FROM sqlite_master WHERE type IN ('table', 'view')"),
    triggers: all<{ table: string }>(
      `SELECT tbl_name AS "table", sql FROM sqlite_master WHERE type = 'trigger'`,
    ),
    unique: all<Unique>(`
      SELECT m.name AS "table", i.name, i.partial, c.name AS "column" FROM sqlite_master m
        JOIN pragma_index_list(m.name) i JOIN pragma_index_info(i.name) c
      WHERE m.type = 'table' AND i."unique" = 1 ORDER BY m.name, i.name, c.seqno`),
  };
}
