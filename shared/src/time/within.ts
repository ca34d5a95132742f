/**
 * Waits for something for a limited time. What takes longer continues, but nothing waits for it.
 * @throws if it takes longer
 */
export async function within<Result>(ms: number, perform: () => Promise<Result>): Promise<Result> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${ms / 1000} s`)), ms);
  });
  try {
    return await Promise.race([perform(), late]);
  } finally {
    if (timer !== undefined) clearTimeout(timer);
  }
}
