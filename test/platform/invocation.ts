/**
 * One invocation of a Worker, within the platform's limits: its bindings are wrapped, and count together. Runs in workerd
 * and in Node.
 */
import type { Accounting, Usage } from "./accounting.ts";
import { type BucketLike, limitBucket } from "./bucket.ts";
import { Connections } from "./connections.ts";
import { type DatabaseLike, limitDatabase } from "./database.ts";
import { type DatasetLike, limitDataset } from "./dataset.ts";
import { type Fetch, limitFetch } from "./fetch.ts";
import { LIMITS, type Limits } from "./limits.ts";
import { limitNamespace, type NamespaceLike } from "./namespace.ts";
import { limitQueue, type QueueLike } from "./queue.ts";

/** Runs something later. @returns takes it back */
export type After = (ms: number, perform: () => void) => () => void;

export interface InvocationOptions {
  /** The wall clock's timer; by default the real one. */
  readonly after?: After;
  /** Other limits than the platform's. */
  readonly limits?: Partial<Limits>;
}

export interface Invocation {
  database<Database extends DatabaseLike>(db: Database): Database;
  dataset<Dataset extends DatasetLike>(dataset: Dataset): Dataset;
  queue<Queue extends QueueLike>(queue: Queue): Queue;
  bucket<Bucket extends BucketLike>(bucket: Bucket): Bucket;
  fetch<Fetcher extends Fetch>(fetcher: Fetcher): Fetcher;
  namespace<Namespace extends NamespaceLike>(namespace: Namespace): Namespace;
  /** Performs the whole invocation, and ends it. @throws {WallTimeExceeded} if it takes longer than it may */
  run<Result>(perform: () => Promise<Result>): Promise<Result>;
  /** Ends it: of its calls, those under way and those that follow never settle. */
  end(): void;
  usage(): Usage;
}

export class WallTimeExceeded extends Error {
  override readonly name = "WallTimeExceeded";
}

const realAfter: After = (ms, perform) => {
  const timer = setTimeout(perform, ms);
  return () => clearTimeout(timer);
};

export function startInvocation({ after = realAfter, limits = {} }: InvocationOptions = {}): Invocation {
  const all = { ...LIMITS, ...limits };
  const connections = new Connections(all.connections);
  const counts = { queries: 0, rowsRead: 0, rowsWritten: 0, dataPoints: 0 };
  const usage = {
    ...counts,
    messages: 0,
    fetches: 0,
    objectCalls: 0,
    objects: 0,
    connections: connections.usage,
  };
  const accounting: Accounting = { limits: all, usage, connections };
  return {
    database: (db) => limitDatabase(accounting, db),
    dataset: (dataset) => limitDataset(accounting, dataset),
    queue: (queue) => limitQueue(accounting, queue),
    bucket: (bucket) => limitBucket(accounting, bucket),
    fetch: (fetcher) => limitFetch(accounting, fetcher),
    namespace: (namespace) => limitNamespace(accounting, namespace),
    async run(perform) {
      const { promise: late, reject } = Promise.withResolvers<never>();
      const stop = after(all.wallMs, () => {
        connections.end();
        reject(new WallTimeExceeded(`an invocation ends after ${all.wallMs / 1000} s`));
      });
      try {
        return await Promise.race([perform(), late]);
      } finally {
        stop();
        connections.end();
      }
    },
    end: () => connections.end(),
    usage: () => ({ ...usage, connections: { ...usage.connections } }),
  };
}
