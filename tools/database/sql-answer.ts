/** The answer of `wrangler d1 execute --json`, as a table without anything else. */
import * as v from "valibot";
import { readOutput } from "../../cli/src/cloudflare/wrangler.ts";
import { tableLines } from "../../cli/src/output/table.ts";

const row = v.record(v.string(), v.unknown());
/** One for each statement. */
const answers = v.array(v.object({ results: v.array(row) }));

/** The rows of each statement that has some. Nothing is cut: a pipe may want all of it. */
export function answerTables(output: string): string[] {
  const tables = readOutput(answers, output, "d1 execute").filter(({ results }) => results.length > 0);
  return tables.flatMap(({ results }, index) => [...(index === 0 ? [] : [""]), ...tableOf(results)]);
}

function tableOf(rows: readonly Readonly<Record<string, unknown>>[]): string[] {
  const names = Object.keys(rows[0] ?? {});
  const columns = names.map((name) => ({ head: name, cell: textOf(name), rank: 1 }));
  return tableLines(rows, columns, {
    width: Number.POSITIVE_INFINITY,
    style: (_, text) => text,
    print: () => {},
  });
}

const textOf =
  (name: string) =>
  (row: Readonly<Record<string, unknown>>): string | number => {
    const value = row[name];
    if (value === null || value === undefined) return "NULL";
    return typeof value === "string" || typeof value === "number" ? value : JSON.stringify(value);
  };
