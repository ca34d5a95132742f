/**
 * The D1 database of a local gateway, queried over HTTP. The harness's own binding blocks this process at every
 * statement, and blocks it forever if the gateway waits for its log to be read.
 */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { ROOT } from "@webhook-gateway/shared/process/root.mjs";
import * as v from "valibot";

const MIGRATIONS = path.join(ROOT, "shared/migrations");

/** A row, by the names of its columns. */
export type Row = Record<string, string | number | null>;

/** Runs a statement with its values. */
export type Rows = (sql: string, ...bound: (string | number)[]) => Promise<Row[]>;

const databases = v.object({ result: v.array(v.object({ name: v.string(), uuid: v.string() })) });

const answer = v.object({
  errors: v.array(v.object({ message: v.string() })),
  result: v.nullable(
    v.array(
      v.object({
        results: v.object({
          columns: v.array(v.string()),
          rows: v.array(v.array(v.nullable(v.union([v.string(), v.number()])))),
        }),
      }),
    ),
  ),
});

/** @param url the URL of the gateway */
export function openDatabase(url: string): Rows {
  const api = `${url}/cdn-cgi/local/explorer/api/d1/database`;
  let id: string | undefined;
  return async (sql, ...bound) => {
    id ??= await findDatabase(api);
    const response = await fetch(`${api}/${id}/raw`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ sql: withNumbers(sql, bound), params: bound.map(String) }),
    });
    const { errors, result } = v.parse(answer, await response.json());
    if (result === null) throw new Error(`${errors.map(({ message }) => message).join("; ")}: ${sql}`);
    const [
      {
        results: { columns, rows },
      } = { results: { columns: [], rows: [] } },
    ] = result;
    return rows.map((row) => Object.fromEntries(columns.map((name, index) => [name, row[index] ?? null])));
  };
}

async function findDatabase(api: string): Promise<string> {
  const { result } = v.parse(databases, await (await fetch(api)).json());
  const uuid = result.find(({ name }) => name === "DB")?.uuid;
  if (uuid === undefined) throw new Error("the gateway has no database DB");
  return uuid;
}

/** Values are sent as text, so numbers have to be cast back. */
const withNumbers = (sql: string, bound: readonly (string | number)[]): string =>
  sql.replaceAll(/\?(\d+)/g, (parameter, position: string) =>
    typeof bound[Number(position) - 1] === "number" ? `CAST(${parameter} AS INTEGER)` : parameter,
  );

/** Creates the tables of an empty database. */
export async function applyMigrations(rows: Rows): Promise<void> {
  const files = readdirSync(MIGRATIONS).filter((name) => name.endsWith(".sql"));
  for (const file of files.toSorted()) await rows(readFileSync(path.join(MIGRATIONS, file), "utf8"));
}
