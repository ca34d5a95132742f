import { errorCode } from "../error-code.ts";
import type { Log } from "../log.ts";
import { chooseIsolation, type IsolationName } from "../sandbox/isolation-choice.ts";
import { localProvider } from "./local-provider.ts";
import type { ServiceName } from "./provider-name.ts";
import { remoteProvider } from "./remote-provider.ts";
import { explain, type RemoteService } from "./remote-service.ts";
import { ProviderError, type SandboxProvider } from "./sandbox-provider.ts";
import type { ServiceSettings } from "./service-settings.ts";

/** Where steps are to run. */
export type ProviderChoice =
  | { name: "local"; isolation: IsolationName }
  | { name: ServiceName; settings: ServiceSettings };

export type OpenedProvider = {
  provider: SandboxProvider;
  /** Why steps are not isolated, if that was not asked for. */
  isolationProblem?: string | undefined;
};

const CLOSE_BACKOFF_MS = 250;

/** Each is a package of the workspace of its own, so that its SDK is installed only where it is asked for. */
const CLIENTS = {
  e2b: () => import("../../providers/e2b/src/e2b-client.ts"),
  daytona: () => import("../../providers/daytona/src/daytona-client.ts"),
};

/**
 * @throws {IsolationError} if steps cannot be isolated as required
 * @throws {ProviderError} if the service's SDK is not installed
 */
export async function openProvider(choice: ProviderChoice, log: Log): Promise<OpenedProvider> {
  if (choice.name === "local") {
    const { isolation, problem } = await chooseIsolation(choice.isolation);
    return { provider: localProvider({ isolation }), isolationProblem: problem };
  }
  return { provider: remoteProvider(await openService(choice.name, choice.settings, log)) };
}

/**
 * Asks a service for its sandboxes, which costs nothing.
 * @throws {ProviderError} if it does not answer, or refuses the key
 */
export async function checkService(name: ServiceName, settings: ServiceSettings): Promise<void> {
  const service = await openService(name, settings, () => {});
  try {
    await service.client.list({ "grainchain-check": "none" });
  } catch (error) {
    throw explain(service, "cannot be used", error);
  }
}

async function openService(name: ServiceName, settings: ServiceSettings, log: Log): Promise<RemoteService> {
  const { createClient } = await CLIENTS[name]().catch((error) => {
    if (errorCode(error) !== "ERR_MODULE_NOT_FOUND") throw error;
    throw new ProviderError(
      `the SDK of ${name} is not installed: npm start and npm run grainchain install it`,
    );
  });
  return { name, client: createClient(settings), apiKey: settings.apiKey, log, backoffMs: CLOSE_BACKOFF_MS };
}
