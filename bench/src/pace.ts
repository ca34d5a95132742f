/** An open loop: things begin when they are due, whatever the earlier ones do. */
import { setImmediate as turn } from "node:timers/promises";

/**
 * Begins one thing after another at a rate, evenly spaced, and waits for all.
 * @param ratePerSecond how many begin each second
 * @param begin is given the number, from 0, and when it was due, as `performance.now()` counts
 */
export async function pace<T>(
  count: number,
  ratePerSecond: number,
  begin: (number: number, due: number) => Promise<T>,
): Promise<T[]> {
  const start = performance.now();
  const begun: Promise<T>[] = [];
  for (let number = 0; number < count; number++) {
    const due = start + (number * 1000) / ratePerSecond;
    // Turning the event loop instead of setting a timer: timers are late by up to a millisecond.
    while (performance.now() < due) await turn();
    begun.push(begin(number, due));
  }
  return Promise.all(begun);
}
