/** The gateway between a signing GitHub and a Grainchain that fails on demand, one for all tests of a file. */
import { beforeAll, beforeEach, onTestFailed } from "vitest";
import { serves } from "../../grainchain/fault-policies.ts";
import { succeeds } from "../../grainchain/scenarios.ts";
import { startDouble } from "../../grainchain/server.ts";
import { Activity } from "../../system/activity.ts";
import { createDriver, createOpener, PAST } from "../../system/driver.ts";
import { cleanUpAfterFile } from "../../system/file-end.ts";
import { type GatewayOptions, PUBLIC_URL, startGateway } from "./gateway.ts";

/** However slow the machine is, only what a test makes hang takes this long. */
const PATIENT = { GRAINCHAIN_REQUEST_TIMEOUT_MS: "600000" };

async function start(vars: Readonly<Record<string, string>>, whenDone: GatewayOptions["whenDone"]) {
  const activity = new Activity();
  const grainchain = await startDouble({ whenDone, activity });
  const gateway = await startGateway({
    grainchainUrl: grainchain.url,
    vars: { ...PATIENT, ...vars },
    whenDone,
    activity,
  });
  grainchain.sandboxes.redirectCallbacks(PUBLIC_URL, gateway.url);
  return { gateway, grainchain, ...createDriver(gateway, grainchain), open: createOpener(gateway) };
}

export type System = Awaited<ReturnType<typeof start>>;

/**
 * One system for all tests of a file. Each test starts without faults and with nothing in progress: what one leaves
 * behind would show in the next.
 * @param vars of both Workers
 * @returns the system, once the tests run
 */
export function shareSystem(vars: Readonly<Record<string, string>> = {}): () => System {
  const whenDone = cleanUpAfterFile();
  let system: System | undefined;
  const get = (): System => {
    if (system === undefined) throw new Error("the system is not started yet");
    return system;
  };
  beforeAll(async () => {
    system = await start(vars, whenDone);
  });
  let failed = false;
  beforeEach(async () => {
    const { grainchain, gateway, settle } = get();
    Object.assign(grainchain.script, { policy: serves, other: serves, next: [], scenario: succeeds });
    if (failed) await clearAway(get());
    failed = false;
    onTestFailed(() => {
      failed = true;
      console.log(gateway.lines.join("\n"));
    });
    await settle();
    await gateway.rows("DELETE FROM settings WHERE name = 'grainchain:no-batch-until'");
  });
  return get;
}

/** Ends what a failed test has left running, so that the next test does not fail with it. */
async function clearAway({ gateway, grainchain }: System): Promise<void> {
  await grainchain.goDown();
  grainchain.sandboxes.stopAll();
  await grainchain.comeBack();
  await gateway.rows(END_SILENCES);
  await gateway.cron();
}

const END_SILENCES = `
  UPDATE validations SET heard_at = '${PAST}', watch_from = '${PAST}', watch_until = NULL WHERE state IN ('pending', 'running')`;
