/** Every check of an environment. */

import type { WranglerProgram } from "../cloudflare/wrangler.ts";
import type { EnvironmentName } from "../project/project.ts";
import { type Check, runChecks } from "./check.ts";
import { configurationChecks } from "./configuration.ts";
import { openPlace, type Place } from "./context.ts";
import { databaseCheck } from "./database.ts";
import type { Finding } from "./finding.ts";
import { gatewayChecks } from "./gateway.ts";
import { githubAccessChecks } from "./github/credentials.ts";
import { hookChecks } from "./github/hooks.ts";
import { grainchainCheck } from "./grainchain.ts";
import { queuesCheck } from "./queues.ts";
import { secretChecks } from "./secrets.ts";
import { versionChecks } from "./versions.ts";

/** @param url where a person says the gateway is */
export const examine = async (
  environment: EnvironmentName,
  url: string | undefined,
  env: NodeJS.ProcessEnv,
  wrangler: WranglerProgram,
): Promise<Finding[]> => runChecks(allChecks(await openPlace(environment, url, env, wrangler)));

const allChecks = (place: Place): Check[] => [
  ...configurationChecks(place),
  ...secretChecks(place),
  ...versionChecks(place),
  ...gatewayChecks(place),
  grainchainCheck(place),
  databaseCheck(place),
  queuesCheck(place),
  ...githubAccessChecks(place),
  ...hookChecks(place),
];
