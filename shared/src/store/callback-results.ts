/** Keeps results too large for a queue message until their callback is recorded. */
export async function storeCallbackResults(
  db: D1Database,
  callbackId: string,
  results: string,
  now: string,
): Promise<void> {
  await db
    .prepare("INSERT INTO callback_results (id, results, created_at) VALUES (?1, ?2, ?3)")
    .bind(callbackId, results, now)
    .run();
}
