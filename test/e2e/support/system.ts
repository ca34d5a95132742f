/** The gateway between a signing GitHub and a Grainchain that fails on demand, for tests of the whole system. */

import { type DoubleOptions, startDouble } from "../../grainchain/server.ts";
import { createDriver, createOpener } from "../../system/driver.ts";
import { startGateway } from "./gateway.ts";

export { eventually } from "../../system/activity.ts";
export { PAST } from "../../system/driver.ts";

export interface SystemOptions {
  /** Variables of both Workers. */
  readonly vars?: Readonly<Record<string, string>>;
  readonly grainchain?: DoubleOptions;
  /** Registers their ends (default: they end with the test). */
  readonly whenDone?: (end: () => Promise<void>) => void;
}

/** Starts both. */
export async function startSystem({ vars = {}, grainchain: options = {}, whenDone }: SystemOptions = {}) {
  const grainchain = await startDouble({ ...options, ...(whenDone === undefined ? {} : { whenDone }) });
  const gateway = await startGateway(grainchain.url, { ...PATIENT, ...vars }, whenDone);
  return { gateway, grainchain, ...createDriver(gateway, grainchain), open: createOpener(gateway) };
}

/** However slow the machine is, only what a test makes hang takes this long. */
const PATIENT = { GRAINCHAIN_REQUEST_TIMEOUT_MS: "20000" };
