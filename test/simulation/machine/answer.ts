/** How a server of the simulation answers: after a time, or not at all. */
import type { Answer } from "./bodies.ts";
import type { Clock } from "./clock.ts";

export type Serve = () => Answer | "hang" | Promise<Answer | "hang">;

/** @throws the signal's reason if it aborts first */
export function answerAfter(
  clock: Clock,
  ms: number,
  signal: AbortSignal | null | undefined,
  serve: Serve,
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const abort = () => reject(signal?.reason);
  if (signal?.aborted) abort();
  signal?.addEventListener("abort", abort);
  clock.after(ms, () => {
    void Promise.resolve(serve()).then((answer) => {
      if (answer === "hang") return;
      signal?.removeEventListener("abort", abort);
      resolve(answer);
    });
  });
  return promise;
}

/** A time between two, likely near the first. */
export const latency = (random: () => number, [least, most]: readonly [number, number]): number =>
  least + (most - least) * random() ** 2;
