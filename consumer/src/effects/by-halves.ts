/**
 * Does something to a batch. A batch that fails as a whole is halved until the failing item is isolated.
 * @param attempt answers "split" for a batch of more than one that is to be halved
 * @returns one result for each item, in their order
 */
export async function byHalves<Item, Result>(
  items: readonly Item[],
  attempt: (part: readonly Item[]) => Promise<readonly Result[] | "split">,
): Promise<readonly Result[]> {
  const results = await attempt(items);
  if (results !== "split") return results;
  const middle = Math.ceil(items.length / 2);
  const left = await byHalves(items.slice(0, middle), attempt);
  return [...left, ...(await byHalves(items.slice(middle), attempt))];
}
