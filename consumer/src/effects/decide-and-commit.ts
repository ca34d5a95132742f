/** Decisions are made from rows, and written only if those rows are still the same. Otherwise they are made again. */

import { commit, type Emits } from "@webhook-gateway/shared/store/write/commit.ts";
import type { Mutation } from "@webhook-gateway/shared/store/write/mutation.ts";
import type { Snapshot } from "@webhook-gateway/shared/store/write/snapshot.ts";
import type { Log } from "@webhook-gateway/shared/telemetry/log.ts";
import { ChangeSet } from "../decide/change-set.ts";
import { logFinished } from "./finish-log.ts";
import { hasRoom } from "./queries.ts";

/** Decisions made again after a concurrent change of the same rows, before the work is left to a later time. */
const MAX_CONFLICTS = 8;

/** Those that conflict again and again must not go in step: 50 to 500 ms. */
const jitter = () => new Promise((resolve) => setTimeout(resolve, 50 + 450 * Math.random()));

interface CommitDeps {
  readonly db: D1Database;
  readonly log: Log;
  readonly now: () => Date;
  /** What is sent to other systems. */
  readonly emits?: Emits | undefined;
}

interface Decision<Read extends Partial<Snapshot>, Result> {
  /** Reads fresh rows. @param attempt 0 for the first */
  load(attempt: number): Promise<Read>;
  /** Pure: reads and changes only the change set. */
  decide(changes: ChangeSet, read: Read): Result;
  /** Of what is queued: 0 live (the default), 1 replayed. */
  readonly lane?: 0 | 1;
}

interface Committed<Result> {
  readonly result: Result;
  readonly mutations: readonly Mutation[];
}

/**
 * Reads, decides, and commits, until no row that the decision was made from has changed meanwhile.
 * @returns undefined if the rows never stay unchanged
 * @throws whatever D1 throws
 */
export async function decideAndCommit<Read extends Partial<Snapshot>, Result>(
  { db, log, now, emits }: CommitDeps,
  { load, decide, lane = 0 }: Decision<Read, Result>,
): Promise<Committed<Result> | undefined> {
  for (let attempt = 0; attempt < MAX_CONFLICTS; attempt++) {
    const read = await load(attempt);
    const changes = new ChangeSet(now().toISOString(), read, lane);
    const result = decide(changes, read);
    const mutations = changes.mutations();
    if ((await commit(db, changes.now, mutations, emits)) === "conflict") {
      if (!hasRoom(db, "conflict")) break;
      if (attempt > 0) await jitter();
      continue;
    }
    logFinished(log, changes.now, mutations);
    return { result, mutations };
  }
  return undefined;
}
