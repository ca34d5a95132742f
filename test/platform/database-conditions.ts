/** How a database is, for every invocation that uses it. Tests and simulations set it. */
import { ERRORS } from "./limits.ts";

export class DatabaseConditions {
  /** Nothing gets through to it. */
  away = false;
  /** It takes no writes but deletions. */
  full = false;
  /** It is full at this size too, in bytes. */
  maxBytes: number = Number.POSITIVE_INFINITY;
  /** Its size when it was last asked. */
  bytes = 0;
  readonly #inFlight = new Set<(thrown: Error) => void>();

  /** Performs queries; they fail if another one resets the database meanwhile. */
  async unlessReset<Result>(perform: () => Promise<Result>): Promise<Result> {
    const { promise, reject } = Promise.withResolvers<never>();
    this.#inFlight.add(reject);
    try {
      return await Promise.race([perform(), promise]);
    } finally {
      this.#inFlight.delete(reject);
    }
  }

  /** Everything in flight fails. */
  reset(): void {
    for (const reject of this.#inFlight) reject(new Error(ERRORS.reset));
    this.#inFlight.clear();
  }
}

const CONDITIONS = new WeakMap<object, DatabaseConditions>();

/** Those of a database, by its binding. */
export function conditionsOf(db: object): DatabaseConditions {
  const known = CONDITIONS.get(db);
  if (known !== undefined) return known;
  const conditions = new DatabaseConditions();
  CONDITIONS.set(db, conditions);
  return conditions;
}
