/** Effects run in rounds: rows that are due are claimed under a lease, performed, and settled. */
import type { Gate } from "@webhook-gateway/shared/domain/gate.ts";
import type { Lease } from "@webhook-gateway/shared/store/claim/lease.ts";
import type { Emits } from "@webhook-gateway/shared/store/write/commit.ts";
import type { Log, LogFields } from "@webhook-gateway/shared/telemetry/log.ts";
import { isoTime } from "@webhook-gateway/shared/text/iso-time.ts";
import { type EffectLine, effectLines } from "./effect-log.ts";
import { hasRoom } from "./queries.ts";

export interface EffectDeps {
  readonly db: D1Database;
  readonly log: Log;
  readonly now: () => Date;
  readonly newId: () => string;
  /** What is sent to other systems. */
  readonly emits?: Emits | undefined;
}

/** What a claim holds. */
interface Claimed {
  readonly items: readonly unknown[];
  /** When to look again, even if there are no items. */
  readonly wakeAt?: readonly string[];
  /** The next claim may find items, even if there are none. */
  readonly more?: boolean;
}

export interface Settled {
  /** One line for each item. */
  readonly lines?: readonly EffectLine[];
  /** Counts for the line of the whole batch. */
  readonly batch?: LogFields;
  /** When to look again, sooner than the cron would. */
  readonly wakeAt: readonly string[];
  /** Whether another round may find work. */
  readonly more: boolean;
}

export interface Effect<Claim extends Claimed, Performed> {
  readonly name: "dispatch" | "report" | "cancel" | "reaction" | "approval" | "watchdog" | "event" | "trace";
  /** Longer than performing one batch can take. */
  readonly leaseMs: number;
  readonly batchSize: number;
  /** Rounds of one invocation. The rest is left to the next wake-up. */
  readonly maxRounds: number;
  claim(lease: Lease): Promise<Claim>;
  /** Never throws for what the other side answers: that is an outcome to settle. */
  perform(claim: Claim, lease: Lease): Promise<Performed>;
  settle(claim: Claim, performed: Performed, lease: Lease): Promise<Settled>;
}

export interface EffectSummary {
  readonly performed: number;
  readonly wakeAt: readonly string[];
}

/** Rounds that take longer are left to the next invocation: one has 15 min in all. */
const MAX_MS = 5 * 60_000;

/** Performs what is due. */
export async function runEffect<Claim extends Claimed, Performed>(
  { db, log, now, newId }: EffectDeps,
  effect: Effect<Claim, Performed>,
): Promise<EffectSummary> {
  const logEffect = effectLines(log, `${effect.name}.sent`);
  const wakeAt = new Set<string>();
  let performed = 0;
  const begunMs = now().getTime();
  const activity = effect.name === "watchdog" ? "watchdog" : "effect";
  for (let round = 0; round < effect.maxRounds; round++) {
    const startedMs = now().getTime();
    if (startedMs - begunMs > MAX_MS || !hasRoom(db, activity)) break;
    const lease = {
      leaseId: newId(),
      now: isoTime(startedMs),
      leaseUntil: isoTime(startedMs + effect.leaseMs),
      limit: effect.batchSize,
    };
    const claim = await effect.claim(lease);
    for (const at of claim.wakeAt ?? []) wakeAt.add(at);
    if (claim.items.length === 0) {
      if (claim.more === true) continue;
      return { performed, wakeAt: [...wakeAt] };
    }
    const settled = await effect.settle(claim, await effect.perform(claim, lease), lease);
    performed += claim.items.length;
    for (const at of settled.wakeAt) wakeAt.add(at);
    for (const line of settled.lines ?? []) logEffect(line);
    const duration_ms = now().getTime() - startedMs;
    if (settled.batch !== undefined) log.info(`${effect.name}.batch`, { ...settled.batch, duration_ms });
    if (!settled.more) return { performed, wakeAt: [...wakeAt] };
  }
  // There may still be work: the rounds, the time or the queries are used up.
  return { performed, wakeAt: [...wakeAt, now().toISOString()] };
}

/** When to look again after a batch: once one is tried again, a limit ends, or the gate's time is over. */
export const wakeTimes = (
  outcomes: readonly { readonly status: string; readonly due_at: string }[],
  nowMs: number,
  limits: readonly { readonly until: string }[] = [],
  gate?: Gate,
): string[] => [
  ...earliest(
    outcomes.flatMap(({ status, due_at }) => (status === "due" && due_at > isoTime(nowMs) ? [due_at] : [])),
  ),
  ...new Set(limits.map(({ until }) => until)),
  ...(gate?.state === "closed" ? [gate.until] : []),
];

/** The first of several times, if there is one. */
export const earliest = (times: readonly string[]): string[] => times.toSorted().slice(0, 1);
