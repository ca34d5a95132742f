/** Every check of an environment. */
import type { EnvironmentName } from "../provision/project.ts";
import type { WranglerProgram } from "../provision/wrangler.ts";
import { type Check, runChecks } from "./check.ts";
import { configurationChecks } from "./configuration.ts";
import { databaseCheck } from "./database.ts";
import type { Finding } from "./finding.ts";
import { gatewayChecks } from "./gateway.ts";
import { githubAccessChecks } from "./github-access.ts";
import { grainchainCheck } from "./grainchain.ts";
import { hookChecks } from "./hooks.ts";
import { openPlace, type Place } from "./place.ts";
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
