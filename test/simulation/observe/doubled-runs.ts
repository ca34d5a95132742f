/** Pull requests that ran more often than they had to, with what happened to them. */
import type { Run } from "../world/grainchain.ts";
import type { Parts } from "../world/parts.ts";
import { pullKey } from "./recording.ts";

/** A head runs once, and the pull request once more for each command. @returns one text a pull request */
export function doubledRuns(parts: Pick<Parts, "grainchain" | "recording" | "database">): string[] {
  const { grainchain, recording } = parts;
  const byPull = Map.groupBy(grainchain.runs.values(), ({ request }) =>
    pullKey(request.project_id, request.pr_number),
  );
  return [...byPull].flatMap(([key, runs]) => {
    const heads = new Set(runs.map(({ request }) => request.head_sha)).size;
    // A push has no number: its runs are those of its repository.
    if (runs.length <= heads + (recording.commands.get(key) ?? 0)) return [];
    return [`${runs.length} of ${heads} heads of ${key}${storyOf(parts, runs)}`];
  });
}

const SELECT_VALIDATIONS = `
  SELECT id, head_sha, run, cause, state, attempts, grainchain_id, timeline FROM validations
  WHERE repository = ?1 AND pr_number = ?2 ORDER BY seq`;

/** What Grainchain was asked for, and each validation with its changes and the deliveries that they came of. */
function storyOf({ database }: Pick<Parts, "database">, runs: readonly Run[]): string {
  const [first] = runs;
  if (first === undefined) return "";
  const { project_id, pr_number } = first.request;
  return [
    ...runs.map(({ id, atMs, status, request }) => {
      const at = new Date(atMs).toISOString();
      return `${at} ${id} of ${request.client_request_id}, head ${request.head_sha}: ${status}`;
    }),
    ...database.ask(SELECT_VALIDATIONS, project_id, pr_number).map((row) =>
      Object.entries(row)
        .map(([name, value]) => `${name} ${value}`)
        .join(", "),
    ),
  ]
    .map((line) => `\n    ${line}`)
    .join("");
}
