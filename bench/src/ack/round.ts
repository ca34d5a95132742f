/** One contender's turn in a round: started afresh, warmed up, loaded with each payload, ended. */
import { buildPayload, type PayloadName } from "../payload.ts";
import type { Contender } from "./contender.ts";
import { closedLoop, openLoop } from "./load.ts";
import type { Running } from "./server.ts";
import { cpuMsOf, peakMbOf, resetPeak } from "./usage.ts";

/** The fixed rates, in requests a second: each contender sustains them on two shared cores. */
export const RATES_PER_SECOND: Readonly<Record<PayloadName, number>> = {
  ping: 200,
  pull_request: 200,
  push: 10,
};

/** In the order of the table's columns. CPU and memory are undefined if the machine cannot tell. */
export const FIGURES = {
  requestsPerSecond: "requests/s",
  cpuMs: "CPU ms/request",
  p50Ms: "p50 ms",
  p99Ms: "p99 ms",
  peakMb: "peak MB",
} as const;
export type Figure = keyof typeof FIGURES;

export interface Measurement {
  readonly contender: string;
  readonly payload: PayloadName;
  readonly round: number;
  readonly figures: Readonly<Record<Figure, number | undefined>>;
}

export interface Turn {
  readonly round: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly payloads: readonly PayloadName[];
}

export async function takeTurn(
  { name, start }: Contender,
  turn: Turn,
  done: (measurement: Measurement) => void,
): Promise<void> {
  const running = await start();
  try {
    for (const payload of turn.payloads) {
      const figures = await load(running, payload, turn);
      done({ contender: name, payload, round: turn.round, figures });
    }
  } finally {
    await running.stop();
  }
}

async function load({ origin, pid }: Running, name: PayloadName, { seconds, warmUpSeconds }: Turn) {
  const payload = buildPayload(name);
  await closedLoop(origin, payload, warmUpSeconds);
  resetPeak(pid);
  const before = cpuMsOf(pid);
  const { requests, requestsPerSecond } = await closedLoop(origin, payload, seconds);
  const after = cpuMsOf(pid);
  const peakMb = peakMbOf(pid);
  const latencies = await openLoop(origin, payload, RATES_PER_SECOND[name], seconds);
  const cpuMs = before === undefined || after === undefined ? undefined : (after - before) / requests;
  return { requestsPerSecond, cpuMs, peakMb, ...latencies };
}
