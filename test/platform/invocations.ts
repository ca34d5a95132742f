/** Invocations one after the other, for what is wired once and called often. */
import type { BucketLike } from "./bucket.ts";
import type { DatabaseLike } from "./database.ts";
import type { Fetch } from "./fetch.ts";
import { type Invocation, type InvocationOptions, startInvocation } from "./invocation.ts";
import type { NamespaceLike } from "./namespace.ts";

/** Its bindings belong to whichever invocation is under way. */
export class Invocations {
  readonly #options: InvocationOptions;
  #current: Invocation;

  constructor(options: InvocationOptions = {}) {
    this.#options = options;
    this.#current = startInvocation(options);
  }

  /** Begins the next one. What is still under way counts to it. */
  next(): Invocation {
    this.#current = startInvocation(this.#options);
    return this.#current;
  }

  namespace<Namespace extends NamespaceLike>(namespace: Namespace): Namespace {
    return new Proxy(namespace, {
      get: (_, name) => Reflect.get(this.#current.namespace(namespace), name),
    });
  }

  database<Database extends DatabaseLike>(db: Database): Database {
    return new Proxy(db, { get: (_, name) => Reflect.get(this.#current.database(db), name) });
  }

  bucket<Bucket extends BucketLike>(bucket: Bucket): Bucket {
    return new Proxy(bucket, { get: (_, name) => Reflect.get(this.#current.bucket(bucket), name) });
  }

  fetch<Fetcher extends Fetch>(fetcher: Fetcher): Fetcher {
    return new Proxy(fetcher, {
      apply: (_, self, args) => Reflect.apply(this.#current.fetch(fetcher), self, args),
    });
  }
}

/** Limits of single statements and messages only, for bindings that tests use as well as the code under test. */
export const EACH_ALONE: InvocationOptions = {
  limits: { queries: Number.POSITIVE_INFINITY, connections: Number.POSITIVE_INFINITY },
};
