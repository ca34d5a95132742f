/**
 * The gate in front of Grainchain: closed while it is full or refuses the configuration. A closed gate costs no
 * validation an attempt; when its time is over one validation is let through, and success opens it.
 */
import { BACKPRESSURE_BACKOFF, backoffMs, CONFIGURATION_BACKOFF } from "./backoff.ts";
import type { Failure } from "./failure.ts";

export interface ClosedGate {
  readonly state: "closed";
  readonly reason: "backpressure" | "configuration";
  readonly detail: string;
  readonly since: string;
  /** Nothing is sent before. */
  readonly until: string;
  /** How often in a row it was found closed, from 1. */
  readonly step: number;
}

export type Gate = { readonly state: "open" } | ClosedGate;

export const OPEN_GATE: Gate = { state: "open" };

/** What a dispatch found, as far as the gate is concerned. */
export interface DispatchFindings {
  /** Grainchain took or judged at least one validation. */
  readonly served: boolean;
  /** The first failure of each kind, if any. */
  readonly closing: Failure | undefined;
  readonly retryable: boolean;
}

/** Where a server that is full asks for no delay at all, it is still not asked again at once. */
const MIN_CLOSED_MS = 1_000;

/** The gate after a dispatch. */
export function nextGate(gate: Gate, findings: DispatchFindings, nowMs: number): Gate {
  const { served, closing, retryable } = findings;
  if (closing !== undefined && (closing.class === "backpressure" || closing.class === "configuration")) {
    return close(served ? OPEN_GATE : gate, closing.class, closing, nowMs);
  }
  if (served) return OPEN_GATE;
  if (retryable && gate.state === "closed") return { ...gate, until: isoAfter(nowMs, delayMs(gate)) };
  return gate;
}

function close(gate: Gate, reason: ClosedGate["reason"], failure: Failure, nowMs: number): ClosedGate {
  const again = gate.state === "closed" && gate.reason === reason ? gate : undefined;
  const step = (again?.step ?? 0) + 1;
  const since = again?.since ?? new Date(nowMs).toISOString();
  const closed = { state: "closed", reason, detail: failure.error, since, until: since, step } as const;
  const asked = failure.retryAfterMs;
  const delay = asked === undefined ? delayMs(closed) : Math.max(asked, MIN_CLOSED_MS);
  return { ...closed, until: isoAfter(nowMs, delay) };
}

const delayMs = (gate: ClosedGate): number =>
  backoffMs(gate.reason === "backpressure" ? BACKPRESSURE_BACKOFF : CONFIGURATION_BACKOFF, gate.step);

const isoAfter = (nowMs: number, delay: number): string => new Date(nowMs + delay).toISOString();
