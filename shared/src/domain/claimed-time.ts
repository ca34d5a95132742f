/** Times in payloads are claims: anyone with a secret can sign any. */
import type { DeliveryFact } from "../messages/fact.ts";

/** Clocks differ, and GitHub rounds to seconds. */
const TOLERANCE_MS = 5 * 60_000;

/** The time claimed; the time of receipt if it lies further ahead: one from 2099 would make all later events stale. */
const believed = <Time extends string | null>(claimed: Time, receivedAt: string): Time | string =>
  claimed !== null && Date.parse(claimed) - Date.parse(receivedAt) > TOLERANCE_MS ? receivedAt : claimed;

/** A delivery whose times are not ahead of its receipt, whichever way it came. */
export function withBelievedTimes(fact: DeliveryFact): DeliveryFact {
  const { change, received_at } = fact;
  switch (change.type) {
    case "pull_request":
      return { ...fact, change: { ...change, updated_at: believed(change.updated_at, received_at) } };
    case "push":
      return { ...fact, change: { ...change, pushed_at: believed(change.pushed_at, received_at) } };
    case "command": {
      const { created_at } = change;
      if (created_at === undefined) return fact;
      return { ...fact, change: { ...change, created_at: believed(created_at, received_at) } };
    }
    // Nothing else has a time of its own: a merge group is as old as its delivery.
    case "merge_group":
    case "rerun":
    case "approval":
    case "note":
      return fact;
  }
}
