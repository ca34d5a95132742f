/** Pull request 1 of a repository, and its two heads. */
import type { Run } from "../../grainchain/run.ts";
import type { System } from "./shared-system.ts";

export const OLDER = "a".repeat(40);
export const NEWER = "b".repeat(40);

export const followHeads = (shared: () => System) => ({
  /** Sends an event of the pull request, `second` seconds after its creation, and waits until it is recorded. */
  async send(repo: string, action: string, head: string, second: number): Promise<void> {
    const { gateway } = shared();
    const now = new Date(Date.UTC(2026, 0, 1, 0, 0, second));
    const { guid } = await gateway.send(`pull_request.${action}`, { repo, pr: 1, head, now });
    await gateway.waitFor("SELECT 1 FROM deliveries WHERE id = ?1", guid);
  },
  /** The run of a head at the double, if it has one. */
  runOf: (repo: string, head: string): Run | undefined =>
    [...shared().grainchain.sandboxes.runs.values()].find(
      ({ request }) => request.project_id === repo && request.head_sha === head,
    ),
  /** The state of each head's validation. */
  statesOf: async (repo: string): Promise<Record<string, unknown>> =>
    Object.fromEntries((await shared().validationsOf(repo)).map((row) => [row.head_sha, row.state])),
});

export const SELECT_CANCEL = `
  SELECT c.* FROM cancels c JOIN validations v ON v.id = c.validation_id WHERE v.repository = ?1`;
export const CANCELLED = `${SELECT_CANCEL} AND c.status = 'done' AND c.outcome = 'cancelled'`;
