/** So many at a time: what waits costs nothing but its place in the line. */

/**
 * Limits how many calls are under way.
 * @param count how many, at least 1
 * @returns a function that calls another one once there is room, in the order in which it was asked
 */
export function createSlots(count: number) {
  let free = count;
  const waiting: (() => void)[] = [];
  return async function inSlot<T>(call: () => Promise<T>): Promise<T> {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await call();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    }
  };
}
