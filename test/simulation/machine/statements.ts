/** What each statement has cost so far. */

export interface StatementCost {
  readonly sql: string;
  count: number;
  /** Of the machine, not simulated. */
  totalMs: number;
  maxMs: number;
  rowsRead: number;
  maxRowsRead: number;
  rowsWritten: number;
  /** The longest that one took by its rows, as the simulated D1 works. */
  maxSimulatedMs: number;
  /** When it took the longest, and when it read the most, in simulated milliseconds. */
  slowestAtMs: number;
  largestAtMs: number;
}

interface Taken {
  readonly ms: number;
  readonly simulatedMs: number;
  readonly rowsRead: number;
  readonly rowsWritten: number;
  readonly atMs: number;
}

export class StatementCosts {
  readonly #costs = new Map<string, StatementCost>();

  add(sql: string, { ms, simulatedMs, rowsRead, rowsWritten, atMs }: Taken): void {
    const cost = this.#costs.get(sql) ?? this.#first(sql);
    cost.count++;
    cost.totalMs += ms;
    cost.rowsRead += rowsRead;
    cost.rowsWritten += rowsWritten;
    cost.maxSimulatedMs = Math.max(cost.maxSimulatedMs, simulatedMs);
    if (ms > cost.maxMs) [cost.maxMs, cost.slowestAtMs] = [ms, atMs];
    if (rowsRead > cost.maxRowsRead) [cost.maxRowsRead, cost.largestAtMs] = [rowsRead, atMs];
  }

  all(): readonly StatementCost[] {
    return [...this.#costs.values()];
  }

  #first(sql: string): StatementCost {
    const none = {
      count: 0,
      totalMs: 0,
      maxMs: 0,
      rowsRead: 0,
      maxRowsRead: 0,
      rowsWritten: 0,
      maxSimulatedMs: 0,
    };
    const cost = { sql, ...none, slowestAtMs: 0, largestAtMs: 0 };
    this.#costs.set(sql, cost);
    return cost;
  }
}
