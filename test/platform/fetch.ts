/** Outgoing requests. Each holds a connection until the headers of its answer are there. */
import type { Accounting } from "./accounting.ts";

export type Fetch = (...args: never[]) => Promise<unknown>;

export function limitFetch<Fetcher extends Fetch>(
  { usage, connections }: Accounting,
  fetcher: Fetcher,
): Fetcher {
  return new Proxy(fetcher, {
    apply(target, _, args: unknown[]) {
      usage.fetches++;
      return connections.use(() => Reflect.apply(target, undefined, args), signalOf(args));
    },
  });
}

/** The caller's, in the options or in the request itself. */
function signalOf(args: readonly unknown[]): AbortSignal | undefined {
  for (const one of args.toReversed()) {
    if (typeof one !== "object" || one === null || !("signal" in one)) continue;
    if (one.signal instanceof AbortSignal) return one.signal;
  }
  return undefined;
}
