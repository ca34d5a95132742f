/** Every check of an environment. */
import type { WranglerProgram } from "../cloudflare/wrangler.ts";
import type { EnvironmentName } from "../project/project.ts";
import { accessChecks } from "./access.ts";
import { bucketCheck } from "./bucket.ts";
import { runChecks } from "./check.ts";
import { configurationChecks } from "./configuration.ts";
import { openContext } from "./context.ts";
import { databaseCheck } from "./database.ts";
import type { Finding } from "./finding.ts";
import { gatewayChecks } from "./gateway.ts";
import { githubAccessChecks } from "./github/credentials.ts";
import { hookAddressesCheck } from "./github/hook-addresses.ts";
import { hookChecks } from "./github/hooks.ts";
import { grainchainCheck } from "./grainchain.ts";
import { queuesCheck } from "./queues.ts";
import { scopeChecks } from "./secrets/scopes.ts";
import { secretChecks } from "./secrets/secrets.ts";
import { versionChecks } from "./versions.ts";

/** @param url the gateway's address, if a person has given it */
export async function examine(
  environment: EnvironmentName,
  url: string | undefined,
  env: NodeJS.ProcessEnv,
  wrangler: WranglerProgram,
): Promise<Finding[]> {
  const context = await openContext(environment, url, env, wrangler);
  return runChecks([
    ...configurationChecks(context),
    ...secretChecks(context),
    ...scopeChecks(context),
    ...versionChecks(context),
    ...gatewayChecks(context),
    grainchainCheck(context),
    databaseCheck(context),
    bucketCheck(context),
    queuesCheck(context),
    ...githubAccessChecks(context),
    ...hookChecks(context),
    ...hookAddressesCheck(context),
    ...accessChecks(context),
  ]);
}
