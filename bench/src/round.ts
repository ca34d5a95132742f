/** One contender's turn in a round: started afresh, warmed up, loaded with each payload, ended. */
import { type ClosedLoop, closedLoop } from "./closed-loop.ts";
import { type Contender, LeftOut, type Running } from "./contender.ts";
import { type OpenLoop, openLoop } from "./open-loop.ts";
import type { Options } from "./options.ts";
import { buildPayload, type PayloadName } from "./payload.ts";
import { resetTreePeak, treeCpuMs, treePeakBytes } from "./process-tree.ts";

/** The fixed rates, requests/s: about half of what the slowest contender sustains on two shared cores. */
export const RATES_PER_SECOND: Readonly<Record<PayloadName, number>> = {
  ping: 200,
  pull_request: 200,
  push: 10,
};

/** What a contender did with a payload in a round. */
export interface Measurement {
  readonly contender: string;
  readonly payload: PayloadName;
  /** From 0. */
  readonly round: number;
  readonly closed: ClosedLoop & Usage;
  readonly open: OpenLoop & Usage;
}

/** Of the server's process tree. Undefined where the machine cannot tell. */
export interface Usage {
  readonly cpuMsPerRequest: number | undefined;
  /** CPU seconds a second: 1 is one core busy all the time. */
  readonly cores: number | undefined;
  readonly peakBytes: number | undefined;
}

/** A turn that does not count, and why. */
export interface Invalid {
  readonly contender: string;
  /** Undefined where the contender did not even start. */
  readonly payload: PayloadName | undefined;
  readonly round: number;
  readonly reason: string;
}

/**
 * Gives a contender its turn.
 * @throws LeftOut where this machine cannot run it
 */
export async function takeTurn(
  contender: Contender,
  round: number,
  options: Options,
): Promise<readonly (Measurement | Invalid)[]> {
  const running = await startOrFail(contender);
  if ("reason" in running) {
    return [{ contender: contender.name, payload: undefined, round, reason: running.reason }];
  }
  try {
    const results: (Measurement | Invalid)[] = [];
    for (const payload of options.payloads) {
      const turn = { contender: contender.name, payload, round };
      try {
        results.push({ ...turn, ...(await load(running, payload, options)) });
      } catch (error) {
        results.push({ ...turn, reason: reasonOf(error) });
      }
    }
    return results;
  } finally {
    await running.stop();
  }
}

/** A contender that breaks spoils its own turn only. */
async function startOrFail(contender: Contender): Promise<Running | Pick<Invalid, "reason">> {
  try {
    return await contender.start();
  } catch (error) {
    if (error instanceof LeftOut) throw error;
    return { reason: reasonOf(error) };
  }
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

async function load(
  { origin, pid }: Running,
  name: PayloadName,
  { seconds, warmUpSeconds }: Options,
): Promise<Pick<Measurement, "closed" | "open">> {
  const payload = buildPayload(name);
  await closedLoop(origin, payload, warmUpSeconds);
  resetTreePeak(pid);
  const closed = await withUsage(pid, () => closedLoop(origin, payload, seconds));
  const open = await withUsage(pid, () => openLoop(origin, payload, RATES_PER_SECOND[name], seconds));
  return { closed, open };
}

async function withUsage<T extends { readonly requests: number }>(
  pid: number,
  run: () => Promise<T>,
): Promise<T & Usage> {
  const begun = performance.now();
  const before = treeCpuMs(pid);
  const result = await run();
  const after = treeCpuMs(pid);
  const cpuMs = before === undefined || after === undefined ? undefined : after - before;
  return {
    ...result,
    cpuMsPerRequest: cpuMs === undefined ? undefined : cpuMs / result.requests,
    cores: cpuMs === undefined ? undefined : cpuMs / (performance.now() - begun),
    peakBytes: treePeakBytes(pid),
  };
}
