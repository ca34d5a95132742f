/** When something happens by chance. */
import type { RandomSource } from "../../support/random.ts";
import type { Clock } from "../machine/clock.ts";

/**
 * Performs something at random times.
 * @param perSecond how often on average, from the next time on. More often than the clock has milliseconds is possible
 * @param perform gets a number, from 0. @returns whether it goes on
 */
export function atRandomTimes(
  clock: Clock,
  random: RandomSource,
  perSecond: () => number,
  perform: (number: number) => boolean,
): void {
  // The clock rounds up. The times after it must not notice that: they would be too late, each a little more.
  const schedule = (lastMs: number, number: number) => {
    const atMs = lastMs - (Math.log(1 - random()) / perSecond()) * 1000;
    clock.at(atMs, () => {
      if (perform(number)) schedule(atMs, number + 1);
    });
  };
  schedule(clock.nowMs, 0);
}
