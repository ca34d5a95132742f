import { env } from "cloudflare:workers";
import { freshRepository, pullRequest, sha } from "./facts.ts";
import { record } from "./recording.ts";

/** Queues so many validations, one a pull request, and gives their ids in the order in which they are due. */
export async function queued(count: number, repository = freshRepository(), from = 1): Promise<string[]> {
  const numbers = Array.from({ length: count }, (_, index) => from + index);
  for (let done = 0; done < count; done += 100) {
    await record(
      numbers.slice(done, done + 100).map((number) => pullRequest(repository, number)("opened", "a", 1)),
    );
  }
  return numbers.map((number) => `${repository.id}-pr-${number}-${sha("a")}-1`);
}

/** Writes a setting, as a dispatch before had left it. */
export async function setSetting(name: string, value: unknown): Promise<void> {
  await env.DB.prepare("INSERT OR REPLACE INTO settings (name, value, updated_at) VALUES (?1, ?2, ?3)")
    .bind(name, JSON.stringify(value), "2026-11-01T10:00:00.000Z")
    .run();
}
