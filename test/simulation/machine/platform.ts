/** Runs the Workers: each invocation within the platform's limits, and one generation of isolates at a time. */
import { AsyncLocalStorage } from "node:async_hooks";
import type { Usage } from "../../platform/accounting.ts";
import type { BucketLike } from "../../platform/bucket.ts";
import type { DatasetLike } from "../../platform/dataset.ts";
import { type Invocation, startInvocation } from "../../platform/invocation.ts";
import type { Answer } from "./bodies.ts";
import type { Clock } from "./clock.ts";
import type { Database } from "./database.ts";
import type { BatchOutcome } from "./message-queue.ts";

/** Where an invocation's calls go. */
export interface Bindings {
  readonly database: Database;
  readonly bucket: BucketLike;
  readonly fetch: (url: string, init: RequestInit | undefined) => Promise<Answer>;
  readonly queues: Readonly<Record<string, { send(body: never, options?: never): Promise<unknown> }>>;
  readonly namespaces: Readonly<Record<string, { getByName(name: string): object }>>;
}

interface Running {
  readonly kind: string;
  readonly bound: Bound;
  readonly cut: () => void;
  isCut: boolean;
}

type Bound = ReturnType<typeof bind>;

/** Points are counted, and gone. */
const NOWHERE: DatasetLike = { writeDataPoint: () => {} };

/** Most invocations use few of them. */
function bind(limits: Invocation, { database, bucket, fetch, queues, namespaces }: Bindings) {
  const named = <One>(all: Readonly<Record<string, One>>, name: string): One => {
    const found = all[name];
    if (found === undefined) throw new Error(`there is no ${name}`);
    return found;
  };
  return {
    database: once(() => limits.database(database)),
    bucket: once(() => limits.bucket(bucket)),
    fetch: once(() => limits.fetch((input: unknown, init?: RequestInit) => fetch(String(input), init))),
    dataset: once(() => limits.dataset(NOWHERE)),
    queue: (name: string) => limits.queue(named(queues, name)),
    namespace: (name: string) => limits.namespace(named(namespaces, name)),
  };
}

function once<Value extends object>(make: () => Value): () => Value {
  let made: Value | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

export interface PlatformUse {
  invocations: number;
  cut: number;
  thrown: number;
  maxQueries: number;
  maxDataPoints: number;
  maxConnectionsWanted: number;
  maxWallMs: number;
}

export class Platform {
  readonly use: Record<string, PlatformUse> = {};
  /** Errors that an invocation ended with. */
  readonly errors = new Map<string, number>();
  readonly #clock: Clock;
  readonly #current = new AsyncLocalStorage<Running>();
  readonly #running = new Set<Running>();
  #bindings: Bindings | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whatever the Workers call belongs to an invocation, `fetch` too. */
  connect(bindings: Bindings): void {
    this.#bindings = bindings;
    const value = (input: unknown, init?: RequestInit) => this.bound().fetch()(input, init);
    Object.defineProperty(globalThis, "fetch", { value, writable: true, configurable: true });
  }

  /** Whether an invocation of this kind is under way. */
  isRunning(kind: string): boolean {
    return [...this.#running].some((one) => one.kind === kind);
  }

  /** Of the invocation that asks. */
  get isCut(): boolean {
    return this.#current.getStore()?.isCut ?? false;
  }

  /** A deployment: nothing that is under way is ever heard of again. */
  cutAll(): void {
    for (const one of this.#running) one.cut();
  }

  /**
   * Performs an invocation.
   * @returns undefined if it was cut
   */
  async invoke<Result>(
    kind: string,
    perform: () => Promise<Result>,
  ): Promise<{ readonly result: Result } | { readonly thrown: unknown } | undefined> {
    if (this.#bindings === undefined) throw new Error("the platform has no bindings yet");
    const startedMs = this.#clock.nowMs;
    const limits = startInvocation({ after: (ms, late) => this.#clock.after(ms, late) });
    const { promise: ended, resolve: cut } = Promise.withResolvers<undefined>();
    const bound = bind(limits, this.#bindings);
    const end = () => {
      running.isCut = true;
      limits.end();
      cut(undefined);
    };
    const running: Running = { kind, bound, cut: end, isCut: false };
    this.#running.add(running);
    const done = this.#current
      .run(running, () => limits.run(perform))
      .then(
        (result) => ({ result }),
        (thrown: unknown) => ({ thrown }),
      );
    const outcome = await Promise.race([done, ended]);
    this.#running.delete(running);
    this.#count(kind, limits.usage(), this.#clock.nowMs - startedMs, outcome);
    return outcome;
  }

  async outcomeOf(kind: string, perform: () => Promise<unknown>): Promise<BatchOutcome> {
    const outcome = await this.invoke(kind, perform);
    if (outcome === undefined) return "cut";
    return "result" in outcome ? "done" : "thrown";
  }

  /** The bindings of a Worker: each call belongs to the invocation that makes it. */
  environment(
    vars: Readonly<Record<string, string>>,
    queues: readonly string[],
    namespaces: readonly string[],
  ): object {
    const bound = () => this.bound();
    return {
      ...vars,
      DB: {
        prepare: (sql: string) => bound().database().prepare(sql),
        batch: (statements: never[]) => bound().database().batch(statements),
      },
      ARCHIVE: {
        get: (key: string) => bound().bucket().get(key),
        put: (key: string, value: never, options: never) => bound().bucket().put(key, value, options),
        delete: (keys: never) => bound().bucket().delete(keys),
      },
      METRICS: { writeDataPoint: (point: object) => bound().dataset().writeDataPoint(point) },
      FAILED_SIGNATURES: { limit: async () => ({ success: true }) },
      ...Object.fromEntries(
        queues.map((name) => [
          name,
          { send: (body: never, options: never) => bound().queue(name).send(body, options) },
        ]),
      ),
      ...Object.fromEntries(
        namespaces.map((name) => [
          name,
          { getByName: (given: string) => bound().namespace(name).getByName(given) },
        ]),
      ),
    };
  }

  bound(): Bound {
    const running = this.#current.getStore();
    if (running === undefined) throw new Error("a binding is used outside of an invocation");
    return running.bound;
  }

  #count(kind: string, usage: Usage, wallMs: number, outcome: object | undefined): void {
    const none = { invocations: 0, cut: 0, thrown: 0, maxQueries: 0, maxDataPoints: 0 };
    this.use[kind] ??= { ...none, maxConnectionsWanted: 0, maxWallMs: 0 };
    const use = this.use[kind];
    use.invocations++;
    use.maxQueries = Math.max(use.maxQueries, usage.queries);
    use.maxDataPoints = Math.max(use.maxDataPoints, usage.dataPoints);
    use.maxConnectionsWanted = Math.max(use.maxConnectionsWanted, usage.connections.wanted);
    use.maxWallMs = Math.max(use.maxWallMs, wallMs);
    if (outcome === undefined) use.cut++;
    else if ("thrown" in outcome) {
      use.thrown++;
      const text = `${kind}: ${String(outcome.thrown)}`;
      this.errors.set(text, (this.errors.get(text) ?? 0) + 1);
    }
  }
}
