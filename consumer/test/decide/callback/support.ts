import { env } from "cloudflare:workers";
import { rows } from "../../support/database.ts";
import { freshRepository, pullRequest, second, sha } from "../../support/facts.ts";
import { record, setValidation, timelineOf } from "../../support/recording.ts";

/** A validation that Grainchain has, or (without an id there) that is still queued. */
export async function started(
  grainchainId: string | null = null,
  state = grainchainId === null ? "queued" : "pending",
) {
  const repository = freshRepository();
  await record([pullRequest(repository)("opened", "a", 1)]);
  const id = `${repository.id}-pr-12-${sha("a")}-1`;
  if (state !== "queued") {
    await setValidation(id, { state, grainchain_id: grainchainId });
    await env.DB.prepare(
      "INSERT INTO timeline (validation_id, at, from_state, to_state, reason) VALUES (?1, ?2, 'queued', ?3, 'set')",
    )
      .bind(id, second(0), state)
      .run();
  }
  return { repository, id, grainchainId: grainchainId ?? "" };
}

let grains = 0;
export const freshGrain = (): string => `grain-${++grains}`;

export const moves = async (id: string) =>
  (await timelineOf(id)).map(({ from_state, to_state }) => `${from_state}>${to_state}`);

/** Every result that is kept of a validation, wherever. */
export async function keptResults(id: string): Promise<unknown[]> {
  const kept = await rows<{ results: string }>(
    `SELECT results FROM validations WHERE id = ?1 AND results IS NOT NULL
     UNION ALL SELECT results FROM timeline WHERE validation_id = ?1 AND results IS NOT NULL`,
    id,
  );
  return kept.map(({ results }) => JSON.parse(results));
}
