import type { DatabaseLike, ResultLike, StatementLike } from "../database.ts";

/** A database that answers each statement as a test says. */
export function doubleOf(answer: (sql: string, values: readonly unknown[]) => Promise<ResultLike>) {
  const asked: string[] = [];
  const statement = (sql: string, values: readonly unknown[]): StatementLike => {
    const perform = () => {
      asked.push(sql);
      return answer(sql, values);
    };
    return { bind: (...given) => statement(sql, given), all: perform, run: perform, first: perform };
  };
  const db = {
    prepare: (sql: string) => statement(sql, []),
    batch: (statements: StatementLike[]) => Promise.all(statements.map((one) => one.all())),
  } satisfies DatabaseLike;
  return { db, asked };
}
