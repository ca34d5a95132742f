/** Sandboxes of Daytona (https://www.daytona.io/docs). */
import { Daytona, DaytonaNotFoundError, type Sandbox } from "@daytona/sdk";
import type { RemoteClient, RemoteSandbox } from "../../../src/provider/remote-client.ts";
import type { ServiceSettings } from "../../../src/provider/service-settings.ts";

const DEFAULT_API_URL = "https://app.daytona.io/api";
const REQUEST_TIMEOUT_MS = 30_000;
const CREATE_TIMEOUT_SECONDS = 60;
const CLOSE_TIMEOUT_SECONDS = 15;

/** @param settings of Daytona */
export function createClient({ apiKey, apiUrl = DEFAULT_API_URL, target }: ServiceSettings): RemoteClient {
  const daytona = new Daytona({
    apiKey,
    apiUrl,
    ...(target !== undefined && { target }),
    requestTimeoutMs: REQUEST_TIMEOUT_MS,
    // Its other way keeps a socket to the service open.
    useDeprecatedPolling: true,
  });
  return {
    create: async ({ labels, lifetimeMs, network }) => {
      const minutes = Math.ceil(lifetimeMs / 60_000);
      const params = {
        labels: { ...labels },
        networkBlockAll: !network,
        ephemeral: true,
        autoStopInterval: minutes,
        ttlMinutes: minutes,
      };
      return sandboxOf(await daytona.create(params, { timeout: CREATE_TIMEOUT_SECONDS }));
    },
    list: async (labels) => {
      const found = [];
      for await (const sandbox of daytona.list({ labels: { ...labels } }))
        found.push({ labels: sandbox.labels ?? {}, close: () => remove(sandbox) });
      return found;
    },
  };
}

const sandboxOf = (sandbox: Sandbox): RemoteSandbox => ({
  putFile: (localPath, remotePath, timeoutMs) =>
    sandbox.fs.uploadFile(localPath, remotePath, Math.ceil(timeoutMs / 1000)),
  run: async (command, { env, timeoutMs }) => {
    const seconds = Math.ceil(timeoutMs / 1000);
    const { exitCode, result } = await sandbox.process.executeCommand(
      command,
      undefined,
      { ...env },
      seconds,
    );
    return { exitCode, output: result };
  },
  close: () => remove(sandbox),
});

async function remove(sandbox: Sandbox): Promise<void> {
  try {
    await sandbox.delete(CLOSE_TIMEOUT_SECONDS);
  } catch (error) {
    if (!(error instanceof DaytonaNotFoundError)) throw error;
  }
}
