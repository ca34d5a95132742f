/** An R2 bucket. Each call holds a connection, and counts against the same limit as D1's queries. */
import type { Accounting } from "./accounting.ts";
import { ERRORS } from "./limits.ts";

export interface BucketLike {
  get(key: string, options?: never): Promise<unknown>;
  put(key: string, value: never, options?: never): Promise<unknown>;
  delete(keys: never): Promise<unknown>;
}

export function limitBucket<Bucket extends BucketLike>(
  { limits, usage, connections }: Accounting,
  bucket: Bucket,
): Bucket {
  return new Proxy(bucket, {
    get(target, name) {
      if (name !== "get" && name !== "put" && name !== "delete")
        throw new Error(`${String(name)}() of a bucket is not limited`);
      return (...args: unknown[]) =>
        connections.use(async () => {
          usage.objects++;
          if (usage.queries + usage.objects > limits.queries) throw new Error(ERRORS.subrequests);
          return Reflect.apply(target[name], target, args);
        });
    },
  });
}
