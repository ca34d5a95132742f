/** How long a simulation is, how much happens, and what goes wrong when. Pure. */
import type { Fault, FaultKind, Loss, Stage, Traffic } from "./spec.ts";

export interface Plan {
  readonly lengthMs: number;
  readonly traffic: Traffic;
  readonly faults: readonly Fault[];
  readonly loss?: Loss;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** An organization of ten million deliveries a month. */
const ORGANIZATION: Traffic = {
  deliveriesPerSecond: 10_000_000 / 30 / 86_400,
  burstPerSecond: 1_000,
  repositories: 5_000,
  installations: 50,
  capacity: 4_000,
  resultBytes: [1_000, 30_000],
};

interface Scheduled {
  readonly kind: FaultKind;
  /** In minutes. */
  readonly from: number;
  readonly minutes: number;
}

/** What goes wrong on a day of 24 hours. */
const OF_A_DAY: readonly Scheduled[] = [
  { kind: "grainchain", from: 2 * 60, minutes: 60 },
  { kind: "database", from: 6 * 60, minutes: 60 },
  { kind: "github", from: 10 * 60, minutes: 120 },
  { kind: "deployment", from: 15 * 60, minutes: 0 },
  { kind: "burst", from: 18 * 60, minutes: 5 },
  { kind: "deployment", from: 18 * 60 + 2, minutes: 0 },
];

/** Long enough for each fault to raise its alert. */
const SHORT: readonly Scheduled[] = [
  { kind: "grainchain", from: 2, minutes: 8 },
  { kind: "database", from: 12, minutes: 9 },
  { kind: "github", from: 24, minutes: 8 },
  { kind: "burst", from: 35, minutes: 0.5 },
  { kind: "deployment", from: 35.2, minutes: 0 },
];

export const FAULT_KINDS: readonly FaultKind[] = [...new Set(OF_A_DAY.map(({ kind }) => kind))];

/**
 * A day.
 * @param hours a shorter day has the same faults at the same shares of it, for shorter
 * @param scale of everything: 0.1 is a tenth of the traffic, of the repositories and of Grainchain
 */
export function dayOf(hours: number, scale: number, kinds: readonly FaultKind[]): Plan {
  const scheduled = OF_A_DAY.filter(({ kind }) => kinds.includes(kind));
  return planOf(scheduled, hours * HOUR_MS, hours / 24, scale);
}

/** All of it happens between two audits. */
const LOSS_MS = 8 * MINUTE_MS;
/** Pull requests of a repository. */
const PULLS_EACH = 10;

/** Pull requests that are opened within minutes, while three tenths of their deliveries are dropped, and a tenth is never sent. */
export function lossOf(pulls: number): Plan {
  const repositories = Math.max(1, Math.round(pulls / PULLS_EACH));
  const installations = Math.max(1, Math.round(repositories / 20));
  const traffic = { ...ORGANIZATION, repositories, installations };
  return { lengthMs: LOSS_MS, traffic, faults: [], loss: { pulls, dropped: 0.3, unsent: 0.1 } };
}

/** A database that is full for so long, of a small organization. */
export function fullOf(hours: number): Plan {
  const scheduled = [{ kind: "full", from: 30, minutes: hours * 60 }] as const;
  return planOf(scheduled, (hours + 1) * HOUR_MS, 1, 0.05);
}

/** Half an hour of a small organization, for a test. Some results are too large to be read in one piece. */
export function shortPlan(): Plan {
  const plan = planOf(SHORT, 37 * MINUTE_MS, 1, 0.02);
  return { ...plan, traffic: { ...plan.traffic, resultBytes: [1_000, 1_000_000] } };
}

/** @param factor of all times */
function planOf(scheduled: readonly Scheduled[], lengthMs: number, factor: number, scale: number): Plan {
  const traffic = scaled(scale);
  const faults = scheduled.map(({ kind, from, minutes }): Fault => {
    const fromMs = Math.round(from * MINUTE_MS * factor);
    const durationMs = Math.round(minutes * MINUTE_MS * factor);
    return { kind, fromMs, toMs: fromMs + durationMs, aftermathMs: aftermathOf(kind, durationMs, traffic) };
  });
  return { lengthMs, faults, traffic };
}

/** Before the burst: what follows takes as long to simulate as all that came before. */
const SPLIT = 16.25 / 24;

/** Two parts of a day, which two cores can simulate at once. The second one begins with nothing stored. */
export function partsOf({ lengthMs, traffic, faults }: Plan): readonly Plan[] {
  const splitMs = lengthMs * SPLIT;
  return [
    { startMs: 0, endMs: splitMs },
    { startMs: splitMs, endMs: lengthMs },
  ].map(({ startMs, endMs }) => ({
    lengthMs: endMs - startMs,
    traffic,
    faults: faults
      .filter(({ fromMs }) => fromMs >= startMs && fromMs < endMs)
      .map((fault) => ({ ...fault, fromMs: fault.fromMs - startMs, toMs: fault.toMs - startMs })),
  }));
}

const scaled = (scale: number): Traffic => ({
  deliveriesPerSecond: ORGANIZATION.deliveriesPerSecond * scale,
  burstPerSecond: ORGANIZATION.burstPerSecond * scale,
  repositories: Math.max(1, Math.round(ORGANIZATION.repositories * scale)),
  installations: Math.max(1, Math.round(ORGANIZATION.installations * scale)),
  capacity: Math.max(1, Math.round(ORGANIZATION.capacity * scale)),
  resultBytes: ORGANIZATION.resultBytes,
});

/** Of a hundred events, so many start a validation. */
const VALIDATED = 0.3;
const MEAN_RUN_MS = 75_000;
/** Check runs that an installation may create (https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api). */
const CREATES_PER_HOUR = 500;

/** After a burst, the others need their time: nothing that the gateway does makes them faster. */
function aftermathOf(kind: FaultKind, durationMs: number, traffic: Traffic): Partial<Record<Stage, number>> {
  if (kind !== "burst") return {};
  const validations = ((traffic.burstPerSecond / 2) * VALIDATED * durationMs) / 1000;
  return {
    waiting: (validations * MEAN_RUN_MS) / traffic.capacity,
    reporting: (validations / traffic.installations / CREATES_PER_HOUR) * HOUR_MS,
  };
}
