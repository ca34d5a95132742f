import { CallbackSender } from "./callback/sender.ts";
import { isLoopback, listen } from "./http/listen.ts";
import { createRoutes } from "./http/routes.ts";
import type { Log } from "./log.ts";
import { Validations } from "./queue/validations.ts";
import { type CreateSandbox, createLocalSandboxes } from "./sandbox/sandbox.ts";

/** Said once at every start. */
export const NOTICE =
  "for development and demonstration on your own code: steps run as this user, without isolation";

export const DEFAULT_PORT = 8080;
export const DEFAULT_HOST = "127.0.0.1";
export const DEFAULT_API_PREFIX = "/api/v1/validation";
export const DEFAULT_CONCURRENCY = 2;
export const DEFAULT_QUEUE_LIMIT = 200;
export const DEFAULT_MAX_TIMEOUT_MS = 3_600_000;

const DEFAULT_CALLBACK_BACKOFF_MS = 1000;
const CALLBACK_GRACE_MS = 1500;

/** Everything about a server that can be chosen; what is left out has the default of the program. */
export type GrainchainOptions = {
  /** 0 takes any free port. */
  port?: number | undefined;
  host?: string | undefined;
  /** Needed for a host that other machines can reach. */
  allowRemote?: boolean | undefined;
  apiPrefix?: string | undefined;
  /** Folders, separated as in PATH, of repositories `<owner>/<repo>` or `<owner>/<repo>.git`. */
  reposDir?: string | undefined;
  concurrency?: number | undefined;
  queueLimit?: number | undefined;
  maxTimeoutMs?: number | undefined;
  callbackSecret?: string | undefined;
  /** The pause before a callback's first repetition; it doubles from there. */
  callbackBackoffMs?: number | undefined;
  apiKey?: string | undefined;
  log?: Log | undefined;
  createSandbox?: CreateSandbox | undefined;
};

/** A server that listens. */
export type Grainchain = {
  url: string;
  port: number;
  /** How many validations have begun to run. */
  startedTotal(): number;
  /** Stops everything: no process and no directory of a validation is left. */
  close(): Promise<void>;
};

/** The address cannot be listened on; `code` is the system's, or REMOTE_HOST for one that is not allowed. */
export class ListenError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = "ListenError";
    this.code = code;
  }
}

/** Starts a server. Rejects with a `ListenError` when it cannot listen. */
export async function startGrainchain(options: GrainchainOptions = {}): Promise<Grainchain> {
  const log = options.log ?? (() => {});
  const host = options.host ?? DEFAULT_HOST;
  const concurrency = options.concurrency ?? DEFAULT_CONCURRENCY;
  if (!isLoopback(host) && options.allowRemote !== true) {
    throw new ListenError("REMOTE_HOST", "only loopback addresses are listened on without --allow-remote");
  }
  const callbacks = new CallbackSender({
    secret: options.callbackSecret,
    backoffMs: options.callbackBackoffMs ?? DEFAULT_CALLBACK_BACKOFF_MS,
    log,
  });
  const validations = new Validations({
    createSandbox: options.createSandbox ?? createLocalSandboxes(options.reposDir),
    callbacks,
    concurrency,
    queueLimit: options.queueLimit ?? DEFAULT_QUEUE_LIMIT,
    log,
  });
  const apiPrefix = options.apiPrefix ?? DEFAULT_API_PREFIX;
  const maxTimeoutMs = options.maxTimeoutMs ?? DEFAULT_MAX_TIMEOUT_MS;
  const app = createRoutes({
    apiPrefix,
    apiKey: options.apiKey,
    maxTimeoutMs,
    maxConcurrent: concurrency,
    validations,
    log,
  });
  const listening = await listen(app, host, options.port ?? DEFAULT_PORT);
  if (listening.kind === "refused") {
    throw new ListenError(
      listening.code,
      describeRefusal(listening.code, host, options.port ?? DEFAULT_PORT),
    );
  }
  const url = `http://${host.includes(":") ? `[${host}]` : host}:${listening.port}`;
  log("grainchain.started", {
    url,
    api_prefix: apiPrefix,
    max_concurrent_validations: concurrency,
    notice: NOTICE,
  });
  return {
    url,
    port: listening.port,
    startedTotal: () => validations.counts().startedTotal,
    close: async () => {
      await Promise.all([listening.close(), validations.close()]);
      await callbacks.close(CALLBACK_GRACE_MS);
      log("grainchain.stopped");
    },
  };
}

function describeRefusal(code: string, host: string, port: number): string {
  if (code === "EADDRINUSE") return `port ${port} on ${host} is taken by another program`;
  if (code === "EACCES") return `port ${port} on ${host} may not be used by this user`;
  return `cannot listen on ${host}, port ${port}: ${code}`;
}
