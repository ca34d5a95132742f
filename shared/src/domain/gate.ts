/**
 * The gate in front of Grainchain: closed while Grainchain is full, refuses the configuration, or is unavailable. When its
 * time is over one validation is let through, and success opens it. A closed gate costs the validations behind it no
 * attempt, so an outage costs a backlog few attempts, however long it lasts.
 */

import { isoTime } from "../text/iso-time.ts";
import { BACKPRESSURE_BACKOFF, backoffMs, CONFIGURATION_BACKOFF, UNAVAILABLE_BACKOFF } from "./backoff.ts";
import type { Failure } from "./failure.ts";

export interface ClosedGate {
  readonly state: "closed";
  readonly reason: "backpressure" | "configuration" | "unavailable";
  readonly detail: string;
  readonly since: string;
  /** Nothing is sent before this time. */
  readonly until: string;
  /** How often in a row it was found closed, from 1. */
  readonly step: number;
  /** Its server has said that it is down, or said nothing, since something was last sent. */
  readonly down?: boolean | undefined;
}

export type Gate = { readonly state: "open" } | ClosedGate;

export const OPEN_GATE: Gate = { state: "open" };

/** The outcome of a batch of calls, as far as the gate is concerned. */
export interface CallOutcome {
  /** Grainchain accepted or refused at least one validation. */
  readonly served: boolean;
  /** Grainchain is full, or refuses the configuration. */
  readonly closing: Failure | undefined;
  /** No validation got a usable answer: Grainchain is unavailable, or broken for all of them. */
  readonly unavailable: Failure | undefined;
}

/** If a full server asks for no delay at all, it is still not called again at once. */
const MIN_CLOSED_MS = 1_000;

/**
 * However long a delay a server asks for, it is called again after this time: one wrong header must not stop dispatch for
 * a day. A probe is one validation, which hardly disturbs a server that meant it.
 */
const MAX_CLOSED_MS: Readonly<Record<ClosedGate["reason"], number>> = {
  backpressure: 10 * 60_000,
  configuration: CONFIGURATION_BACKOFF.maxMs,
  unavailable: UNAVAILABLE_BACKOFF.maxMs,
};

/** The gate after a dispatch. */
export function nextGate(gate: Gate, callOutcome: CallOutcome, nowMs: number): Gate {
  const { served, closing, unavailable } = callOutcome;
  if (closing !== undefined && (closing.class === "backpressure" || closing.class === "configuration")) {
    return close(served ? OPEN_GATE : gate, closing.class, closing, nowMs);
  }
  if (served) return OPEN_GATE;
  return unavailable === undefined ? gate : close(gate, "unavailable", unavailable, nowMs);
}

/** Longer than from one question for a server's health to the next. */
const DOWN_MS = 150_000;

/**
 * The gate after its server was asked for its health. One that is down is asked again before anything is sent, which
 * would cost an attempt; one that is up again is sent something at once. A server that was never down gets no more than
 * it would have got: what it fails at is not its health.
 * @returns undefined if nothing changes
 */
export function gateAfterHealth(gate: Gate, isUp: boolean, nowMs: number): ClosedGate | undefined {
  if (gate.state === "open" || gate.reason !== "unavailable") return undefined;
  if (isUp) return gate.down === true ? { ...gate, down: false, until: isoTime(nowMs) } : undefined;
  return { ...gate, down: true, until: isoTime(Math.max(Date.parse(gate.until), nowMs + DOWN_MS)) };
}

function close(gate: Gate, reason: ClosedGate["reason"], failure: Failure, nowMs: number): ClosedGate {
  const again = gate.state === "closed" && gate.reason === reason ? gate : undefined;
  const step = (again?.step ?? 0) + 1;
  const since = gate.state === "closed" ? gate.since : isoTime(nowMs);
  const closed = { state: "closed", reason, detail: failure.error, since, until: since, step } as const;
  const asked = failure.retryAfterMs;
  const delay =
    asked === undefined ? delayMs(closed) : Math.min(Math.max(asked, MIN_CLOSED_MS), MAX_CLOSED_MS[reason]);
  return { ...closed, until: isoTime(nowMs + delay) };
}

const BACKOFFS = {
  backpressure: BACKPRESSURE_BACKOFF,
  configuration: CONFIGURATION_BACKOFF,
  unavailable: UNAVAILABLE_BACKOFF,
};

const delayMs = (gate: ClosedGate): number => backoffMs(BACKOFFS[gate.reason], gate.step);
