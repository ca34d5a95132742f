import { CallbackSender } from "./callback/sender.ts";
import { isLoopback, ListenError, listen } from "./http/listen.ts";
import { createRoutes } from "./http/routes.ts";
import type { Log } from "./log.ts";
import { openProvider, type ProviderChoice } from "./provider/open-provider.ts";
import { Validations } from "./queue/validations.ts";
import { type CreateSandbox, createSandboxes } from "./sandbox/sandbox.ts";

/** Logged at every start, by the isolation of steps. */
const NOTICE = {
  bubblewrap: "for development and demonstration: steps run in namespaces of their own",
  remote: "for development and demonstration: steps run in the sandboxes of a service, which may cost money",
  none: "for development and demonstration on your own code: steps run as this user, without isolation",
};

export const DEFAULT_PORT = 8080;
export const DEFAULT_HOST = "127.0.0.1";
export const DEFAULT_API_PREFIX = "/api/v1/validation";
export const DEFAULT_CONCURRENCY = 2;
export const DEFAULT_QUEUE_LIMIT = 200;
export const DEFAULT_MAX_TIMEOUT_MS = 3_600_000;

const DEFAULT_CALLBACK_BACKOFF_MS = 1000;
const CALLBACK_GRACE_MS = 1500;

/** The options of a server, with the program's defaults. */
export type GrainchainOptions = {
  /** 0 takes any free port. */
  port?: number | undefined;
  host?: string | undefined;
  /** Required for a host that other machines can reach. */
  allowRemote?: boolean | undefined;
  apiPrefix?: string | undefined;
  /** Folders, separated as in PATH, of repositories `<owner>/<repo>` or `<owner>/<repo>.git`. */
  reposDir?: string | undefined;
  concurrency?: number | undefined;
  queueLimit?: number | undefined;
  maxTimeoutMs?: number | undefined;
  callbackSecret?: string | undefined;
  /** The pause before the first retry of a callback; it doubles from there. */
  callbackBackoffMs?: number | undefined;
  apiKey?: string | undefined;
  provider?: ProviderChoice | undefined;
  log?: Log | undefined;
  createSandbox?: CreateSandbox | undefined;
};

export type Grainchain = {
  url: string;
  port: number;
  /** How many validations have started to run. */
  startedTotal(): number;
  /** Closes sandboxes of a service that servers which died have left behind. @returns how many */
  sweep(): Promise<number>;
  /** Stops everything: no process and no directory of a validation is left. */
  close(): Promise<void>;
};

/**
 * @throws {ListenError} if the server cannot listen
 * @throws {IsolationError} if steps cannot be isolated as required
 * @throws {ProviderError} if the provider cannot be used
 */
export async function startGrainchain({
  port: wantedPort = DEFAULT_PORT,
  host = DEFAULT_HOST,
  allowRemote = false,
  apiPrefix = DEFAULT_API_PREFIX,
  reposDir,
  concurrency = DEFAULT_CONCURRENCY,
  queueLimit = DEFAULT_QUEUE_LIMIT,
  maxTimeoutMs = DEFAULT_MAX_TIMEOUT_MS,
  callbackSecret,
  callbackBackoffMs = DEFAULT_CALLBACK_BACKOFF_MS,
  apiKey,
  provider: choice = { name: "local", isolation: "auto" },
  log = () => {},
  createSandbox,
}: GrainchainOptions = {}): Promise<Grainchain> {
  if (!isLoopback(host) && !allowRemote) {
    throw new ListenError("REMOTE_HOST", "only loopback addresses are allowed without --allow-remote");
  }
  const { provider, isolationProblem } = await openProvider(choice, log);
  const callbacks = new CallbackSender({ secret: callbackSecret, backoffMs: callbackBackoffMs, log });
  const validations = new Validations({
    createSandbox: createSandbox ?? createSandboxes({ reposPath: reposDir, provider }),
    ...{ provider: provider.name, callbacks, concurrency, queueLimit, log },
  });
  const app = createRoutes({
    ...{ apiPrefix, apiKey, allowRemote, maxTimeoutMs, maxConcurrent: concurrency },
    ...{ validations, log, provider: provider.name, isolation: provider.isolation },
  });
  const { port, close } = await listen(app, host, wantedPort);
  const url = `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
  log("grainchain.started", {
    url,
    api_prefix: apiPrefix,
    max_concurrent_validations: concurrency,
    provider: provider.name,
    isolation: provider.isolation,
    // Set only if isolation was requested.
    isolation_problem: isolationProblem,
    notice: NOTICE[provider.isolation],
  });
  return {
    url,
    port,
    startedTotal: () => validations.counts().startedTotal,
    sweep: provider.sweep,
    close: async () => {
      await Promise.all([close(), validations.close()]);
      await callbacks.close(CALLBACK_GRACE_MS);
      log("grainchain.stopped");
    },
  };
}
