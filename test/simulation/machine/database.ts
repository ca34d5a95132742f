/** D1 over the SQLite of a Durable Object: one statement at a time, each with its rows and its time. */
import type { Clock } from "./clock.ts";
import { realNowMs } from "./globals.ts";
import { StatementCosts } from "./statements.ts";

type Value = string | number | null | ArrayBuffer;
type Row = Record<string, Value>;

interface Cursor {
  readonly rowsRead: number;
  readonly rowsWritten: number;
  toArray(): Row[];
}

/** Of a Durable Object's storage, what is used here. */
export interface SqlStorage {
  readonly sql: { exec(sql: string, ...values: Value[]): Cursor; readonly databaseSize: number };
  transactionSync<Result>(perform: () => Result): Result;
}

class Meta {
  readonly duration: number;
  readonly rows_read: number;
  readonly rows_written: number;
  readonly size_after: number;
  readonly #changes: number | undefined;

  constructor(
    duration: number,
    rowsRead: number,
    rowsWritten: number,
    bytes: number,
    changes: number | undefined,
  ) {
    this.duration = duration;
    this.rows_read = rowsRead;
    this.rows_written = rowsWritten;
    this.size_after = bytes;
    this.#changes = changes;
  }

  get changes(): number {
    if (this.#changes === undefined) throw new Error("how many rows were inserted is not known here");
    return this.#changes;
  }
}

interface Result {
  readonly success: true;
  readonly results: Row[];
  readonly meta: Meta;
}

interface Job {
  readonly arrivedMs: number;
  readonly statements: readonly Statement[];
  readonly resolve: (results: Result[]) => void;
  readonly reject: (thrown: unknown) => void;
}

/** There and back, in milliseconds, before D1 has done anything. */
const NETWORK_MS = [5, 10] as const;
/** A query that takes less is answered as soon as it has arrived: the network's time is long enough for it. */
const IN_NETWORK_MS = 5;
/** What a statement takes beside its rows, and for each row: assumptions, about three times the local D1's times. */
const STATEMENT_MS = 0.3;
const READ_MS = 0.002;
const WRITTEN_MS = 0.03;
/** Its size is that of so long ago at most. */
const MEASURED_MS = 1_000;
/** What only reads needs no transaction, nor does what is alone. */
const READS = /^\s*SELECT\b/;
/** Nobody asks how many rows it has inserted. */
const INSERTS = /^\s*INSERT\b/;

export class Database {
  readonly costs = new StatementCosts();
  readonly #clock: Clock;
  readonly #storage: SqlStorage;
  readonly #random: () => number;
  readonly #waiting: Job[] = [];
  /** A query that arrives earlier waits. */
  #busyUntilMs = 0;
  #bytes = 0;
  #measureAtMs = 0;
  /** For so long a query waited for others, at most. */
  maxWaitMs = 0;
  /** It is so much larger than what is stored. */
  ballastBytes = 0;
  /** Why nothing gets through, and after how many milliseconds one is told. */
  outage: (() => { readonly message: string; readonly afterMs: number }) | undefined;

  constructor(clock: Clock, storage: SqlStorage, random: () => number) {
    this.#clock = clock;
    this.#storage = storage;
    this.#random = random;
  }

  /** Its size of late: to ask for it takes longer than most statements. */
  get bytes(): number {
    if (this.#clock.nowMs >= this.#measureAtMs) {
      this.#measureAtMs = this.#clock.nowMs + MEASURED_MS;
      this.#bytes = this.#storage.sql.databaseSize;
    }
    return this.#bytes + this.ballastBytes;
  }

  prepare(sql: string): Statement {
    return new Statement(this, sql, []);
  }

  async batch(statements: readonly Statement[]): Promise<Result[]> {
    return this.perform(statements);
  }

  /** Asks without taking time, for the simulation itself. */
  ask(sql: string, ...values: Value[]): Row[] {
    return this.#storage.sql.exec(sql, ...values).toArray();
  }

  /** Performs statements in one transaction, once those before them are done. */
  perform(statements: readonly Statement[]): Promise<Result[]> {
    const { promise, resolve, reject } = Promise.withResolvers<Result[]>();
    const outage = this.outage?.();
    if (outage !== undefined) {
      this.#clock.after(outage.afterMs, () => reject(new Error(`D1_ERROR: ${outage.message}`)));
      return promise;
    }
    const [least, most] = NETWORK_MS;
    this.#clock.after(least + (most - least) * this.#random(), () => {
      this.#waiting.push({ arrivedMs: this.#clock.nowMs, statements, resolve, reject });
      if (this.#waiting.length === 1) this.#next();
    });
    return promise;
  }

  #next(): void {
    const waitMs = this.#busyUntilMs - this.#clock.nowMs;
    if (waitMs > 0) {
      this.#clock.after(waitMs, () => this.#next());
      return;
    }
    const job = this.#waiting.shift();
    if (job === undefined) return;
    this.maxWaitMs = Math.max(this.maxWaitMs, this.#clock.nowMs - job.arrivedMs);
    const outcome = this.#execute(job.statements);
    const done = () => {
      if ("results" in outcome) job.resolve(outcome.results);
      else job.reject(outcome.thrown);
    };
    this.#busyUntilMs = this.#clock.nowMs + outcome.ms;
    // To wait costs this machine more than most queries do.
    if (outcome.ms < IN_NETWORK_MS) done();
    else this.#clock.after(outcome.ms, done);
    if (this.#waiting.length > 0) this.#next();
  }

  #execute(statements: readonly Statement[]) {
    try {
      const all = () => statements.map((one) => this.#one(one));
      const isAlone = statements.length === 1 || statements.every(({ sql }) => READS.test(sql));
      const results = isAlone ? all() : this.#storage.transactionSync(all);
      return { results, ms: results.reduce((sum, { meta }) => sum + meta.duration, 0) };
    } catch (thrown) {
      const message = thrown instanceof Error ? thrown.message : String(thrown);
      return { thrown: new Error(`D1_ERROR: ${message}`), ms: STATEMENT_MS * statements.length };
    }
  }

  #one({ sql, values }: Statement): Result {
    const startedMs = realNowMs();
    const cursor = this.#storage.sql.exec(sql, ...values);
    const results = cursor.toArray();
    const { rowsRead, rowsWritten } = cursor;
    const changes = this.#changesOf(sql, rowsWritten);
    const ms = realNowMs() - startedMs;
    const duration = STATEMENT_MS + rowsRead * READ_MS + rowsWritten * WRITTEN_MS;
    this.costs.add(sql, { ms, simulatedMs: duration, rowsRead, rowsWritten, atMs: this.#clock.nowMs });
    const meta = new Meta(duration, rowsRead, rowsWritten, this.bytes, changes);
    return { success: true, results, meta };
  }

  /** To ask takes longer than most statements. What wrote nothing would tell what the statement before it changed. */
  #changesOf(sql: string, rowsWritten: number): number | undefined {
    if (rowsWritten <= 1) return rowsWritten;
    return INSERTS.test(sql) ? undefined : Number(this.ask("SELECT changes() AS n")[0]?.n);
  }
}

export class Statement {
  readonly sql: string;
  readonly values: readonly Value[];
  readonly #database: Database;

  constructor(database: Database, sql: string, values: readonly Value[]) {
    this.#database = database;
    this.sql = sql;
    this.values = values;
  }

  bind(...values: unknown[]): Statement {
    return new Statement(this.#database, this.sql, values.map(toValue));
  }

  async all(): Promise<Result> {
    const [result] = await this.#database.perform([this]);
    if (result === undefined) throw new Error("a statement without a result");
    return result;
  }

  run(): Promise<Result> {
    return this.all();
  }

  async first(): Promise<Row | null> {
    return (await this.all()).results[0] ?? null;
  }
}

/** As D1 takes values. */
function toValue(value: unknown): Value {
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof value === "string" || typeof value === "number" || value === null) return value;
  if (value instanceof ArrayBuffer) return value;
  throw new Error(`D1_TYPE_ERROR: Type '${typeof value}' not supported for value '${String(value)}'`);
}
