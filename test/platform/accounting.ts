import type { Connections, ConnectionUsage } from "./connections.ts";
import type { Limits } from "./limits.ts";

/** What an invocation has used so far. */
export interface Usage {
  queries: number;
  rowsRead: number;
  rowsWritten: number;
  dataPoints: number;
  messages: number;
  fetches: number;
  objectCalls: number;
  /** Read from R2 or written to it. */
  objects: number;
  readonly connections: ConnectionUsage;
}

/** What the wrapped bindings of one invocation share. */
export interface Accounting {
  readonly limits: Limits;
  readonly usage: Usage;
  readonly connections: Connections;
}
