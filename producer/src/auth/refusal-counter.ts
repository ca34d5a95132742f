/** Counts refused access for the alert on it. Written to D1 rarely and after the response, so that a flood costs little. */
import { addRefusals } from "@webhook-gateway/shared/store/write/refusals.ts";
import { errorText, type Log } from "@webhook-gateway/shared/telemetry/log.ts";
import type { AuthRealm } from "./rate-limit.ts";

/** Less than the 30 s that work may go on after a response (https://developers.cloudflare.com/workers/runtime-apis/context/#waituntil). */
const WINDOW_MS = 20_000;
/** A window that has not ended by then was lost with its request. */
const LOST_MS = 60_000;

export interface RefusalCounterDeps {
  readonly db: D1Database;
  readonly log: Log;
  readonly now: () => Date;
  readonly waitUntil: (work: Promise<unknown>) => void;
  /** Resolves after so many milliseconds. */
  readonly wait: (ms: number) => Promise<unknown>;
}

/** @returns a function that counts one refusal; the first of a window writes all of them at its end */
export function createRefusalCounter(deps: RefusalCounterDeps): (realm: AuthRealm) => void {
  let counts = new Map<AuthRealm, number>();
  let startedMs: number | undefined;

  async function writeCounts(): Promise<void> {
    await deps.wait(WINDOW_MS);
    const written = counts;
    counts = new Map();
    startedMs = undefined;
    try {
      await addRefusals(deps.db, deps.now().toISOString(), Object.fromEntries(written));
    } catch (thrown) {
      deps.log.warn("refusals.not-stored", { error: errorText(thrown) });
    }
  }

  return (realm) => {
    counts.set(realm, (counts.get(realm) ?? 0) + 1);
    const nowMs = deps.now().getTime();
    if (startedMs !== undefined && nowMs - startedMs < LOST_MS) return;
    startedMs = nowMs;
    deps.waitUntil(writeCounts());
  };
}
