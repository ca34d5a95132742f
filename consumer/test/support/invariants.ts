import { expect } from "vitest";
import { rows } from "./database.ts";

const LIVE = ["queued", "dispatching", "pending", "running"];
const FORWARD = ["completed", "failed", "cancelled", "superseded", "timed_out", "dead"];
/** Every move that a timeline may hold. */
const LEGAL = new Set([
  ...["null>queued", "queued>dispatching", "dispatching>queued", "queued>pending", "queued>running"],
  ...["dispatching>pending", "dispatching>running", "pending>running"],
  ...LIVE.flatMap((from) => FORWARD.map((to) => `${from}>${to}`)),
  // Grainchain has lost it.
  ...["pending>queued", "running>queued"],
  // A dead letter that is replayed.
  "dead>queued",
]);

interface Entry {
  readonly validation_id: string;
  readonly from_state: string | null;
  readonly to_state: string;
}

/** What must hold of a repository's rows at any moment: each is explained by its timeline, and no move is illegal. */
export async function expectConsistent(repositoryId: number): Promise<void> {
  const validations = await rows<{
    id: string;
    state: string;
    subject: string;
    cause: string;
    finished_at: string | null;
  }>("SELECT id, state, subject, cause, finished_at FROM validations WHERE repository_id = ?1", repositoryId);
  const entries = await rows<Entry>(
    `SELECT t.validation_id, t.from_state, t.to_state FROM timeline t
     JOIN validations v ON v.id = t.validation_id WHERE v.repository_id = ?1 ORDER BY t.id`,
    repositoryId,
  );
  for (const { id, state, finished_at } of validations) {
    const own = entries.filter((entry) => entry.validation_id === id);
    expect(own.map((entry) => entry.from_state)).toEqual([
      null,
      ...own.slice(0, -1).map((entry) => entry.to_state),
    ]);
    const moves = own.filter((entry) => entry.from_state !== entry.to_state);
    expect(
      moves.map(({ from_state, to_state }) => `${from_state}>${to_state}`).filter((m) => !LEGAL.has(m)),
    ).toEqual([]);
    expect(own.at(-1)?.to_state).toBe(state);
    expect(finished_at === null).toBe(LIVE.includes(state));
  }
  const started = await rows<{ validation_id: string }>(
    "SELECT validation_id FROM deliveries WHERE repository_id = ?1 AND outcome = 'started'",
    repositoryId,
  );
  expect(started.map((delivery) => delivery.validation_id).toSorted()).toEqual(
    // Those that operators started came with no delivery.
    validations
      .filter(({ cause }) => !cause.startsWith("order "))
      .map(({ id }) => id)
      .toSorted(),
  );
  const reports = await rows<{ id: string }>(
    `SELECT v.id FROM validations v LEFT JOIN reports r ON r.validation_id = v.id WHERE v.repository_id = ?1
       AND (r.validation_id IS NULL OR v.state NOT IN ('queued', 'dispatching')
         AND r.state <> v.state AND NOT (v.state = 'running' AND r.state = 'pending'))`,
    repositoryId,
  );
  expect(reports).toEqual([]);
}

/** At most one validation of a subject is live. */
export async function expectOneLive(repositoryId: number): Promise<void> {
  const crowded = await rows(
    `SELECT subject, count(*) AS live FROM validations WHERE repository_id = ?1
       AND state IN ('queued', 'dispatching', 'pending', 'running') GROUP BY subject HAVING live > 1`,
    repositoryId,
  );
  expect(crowded).toEqual([]);
}
