/** The D1 database of a gateway that `npm start` runs: its file, since nothing there runs SQL over HTTP. */
import { readdirSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Row, Rows } from "./database.ts";

/** The time that a statement waits while the gateway writes. */
const LOCKED_MS = 5_000;

/** Opens the file for each statement: the gateway may be started again meanwhile. */
export const openDatabaseFile =
  (stateDir: string): Rows =>
  async (sql, ...bound) => {
    const database = new DatabaseSync(databaseFile(stateDir), { timeout: LOCKED_MS });
    try {
      const statement = database.prepare(sql);
      statement.setReadBigInts(true);
      return statement
        .all(...bound)
        .map((row) => Object.fromEntries(Object.entries(row).map(asD1Reads)) as Row);
    } finally {
      database.close();
    }
  };

/** Integers are numbers, even those that no number is as exact as. */
const asD1Reads = ([name, value]: [string, unknown]): [string, unknown] => [
  name,
  typeof value === "bigint" ? Number(value) : value,
];

function databaseFile(stateDir: string): string {
  const dir = path.join(stateDir, "v3/d1/miniflare-D1DatabaseObject");
  const [file = ""] = readdirSync(dir).filter((name) => /^[0-9a-f]+\.sqlite$/.test(name));
  return path.join(dir, file);
}
