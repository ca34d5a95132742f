/** Counts the calls to Grainchain and GitHub by the class of their answer. */
import type { FailureClass } from "@webhook-gateway/shared/domain/failure.ts";
import type { GitHubFailureClass } from "@webhook-gateway/shared/github/failure.ts";
import { type Count, type CounterName, counted } from "@webhook-gateway/shared/store/metrics.ts";
import { commit } from "@webhook-gateway/shared/store/write/commit.ts";
import { errorText, type Log } from "@webhook-gateway/shared/telemetry/log.ts";

/** Counts of an isolate are written at most this often, which costs a row: what a crash loses is seconds of them. */
const FLUSH_MS = 10_000;

/** `ok`, the class of a failure, or `no_answer`. */
type CallClass = "ok" | "no_answer" | FailureClass | GitHubFailureClass;

/** What was counted and not written yet. It outlives an invocation. */
export class CallCounts {
  #counts: Count[] = [];
  #flushedMs = Number.NEGATIVE_INFINITY;

  add(name: CounterName, label: CallClass): void {
    this.#counts.push(counted(name, label));
  }

  /** Puts back what could not be written. */
  restore(counts: readonly Count[]): void {
    this.#counts.push(...counts);
  }

  /** Takes what is there, if it is to be written by now. @param force whenever it was last written */
  take(nowMs: number, force: boolean): readonly Count[] {
    if (!force && nowMs - this.#flushedMs < FLUSH_MS) return [];
    const counts = this.#counts;
    if (counts.length > 0) this.#flushedMs = nowMs;
    this.#counts = [];
    return counts;
  }
}

/**
 * Counts what is fetched.
 * @param classOf the class of an answer that is not a success
 */
export function countedFetch(
  fetcher: typeof fetch,
  counts: CallCounts,
  name: CounterName,
  classOf: (response: Response) => CallClass,
): typeof fetch {
  return async (input, init) => {
    try {
      const response = await fetcher(input, init);
      counts.add(name, response.ok ? "ok" : classOf(response));
      return response;
    } catch (thrown) {
      counts.add(name, "no_answer");
      throw thrown;
    }
  };
}

/** Writes what was called. Telemetry that fails never fails the work. @param force whenever it was last written */
export async function flushCalls(
  calls: CallCounts,
  { db, now, log }: { readonly db: D1Database; readonly now: () => Date; readonly log: Log },
  force: boolean,
): Promise<void> {
  const counts = calls.take(now().getTime(), force);
  if (counts.length === 0) return;
  const mutations = counts.map((row) => ({ kind: "metric", row }) as const);
  try {
    await commit(db, now().toISOString(), mutations);
  } catch (thrown) {
    calls.restore(counts);
    log.warn("metrics.failed", { error: errorText(thrown) });
  }
}
