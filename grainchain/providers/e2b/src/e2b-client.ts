/** Sandboxes of E2B (https://e2b.dev/docs). */
import { openAsBlob } from "node:fs";
import { CommandExitError, Sandbox } from "e2b";
import type { RemoteClient, RemoteSandbox } from "../../../src/provider/remote-client.ts";
import type { ServiceSettings } from "../../../src/provider/service-settings.ts";

const REQUEST_TIMEOUT_MS = 30_000;
const CLOSE_TIMEOUT_MS = 15_000;

/** @param settings of E2B */
export function createClient({
  apiKey,
  template = "base",
  apiUrl,
  sandboxUrl,
  domain,
}: ServiceSettings): RemoteClient {
  const connection = {
    apiKey,
    requestTimeoutMs: REQUEST_TIMEOUT_MS,
    ...(apiUrl !== undefined && { apiUrl }),
    ...(sandboxUrl !== undefined && { sandboxUrl }),
    ...(domain !== undefined && { domain }),
  };
  return {
    create: async ({ labels, lifetimeMs, network }) =>
      sandboxOf(
        await Sandbox.create(template, {
          ...connection,
          metadata: { ...labels },
          timeoutMs: lifetimeMs,
          allowInternetAccess: network,
        }),
      ),
    list: async (labels) => {
      const found = [];
      const pages = Sandbox.list({ ...connection, query: { metadata: { ...labels } } });
      while (pages.hasNext) found.push(...(await pages.nextItems()));
      return found.map(({ sandboxId, metadata }) => ({
        labels: metadata,
        close: async () => {
          await Sandbox.kill(sandboxId, { ...connection, requestTimeoutMs: CLOSE_TIMEOUT_MS });
        },
      }));
    },
  };
}

const sandboxOf = (sandbox: Sandbox): RemoteSandbox => ({
  putFile: async (localPath, remotePath, timeoutMs) => {
    const requestTimeoutMs = Math.ceil(timeoutMs);
    await sandbox.files.write(remotePath, await openAsBlob(localPath), { requestTimeoutMs });
  },
  run: async (command, { env, timeoutMs }) => {
    try {
      const { exitCode, stdout } = await sandbox.commands.run(command, {
        envs: { ...env },
        timeoutMs: Math.ceil(timeoutMs),
      });
      return { exitCode, output: stdout };
    } catch (error) {
      if (!(error instanceof CommandExitError)) throw error;
      return { exitCode: error.exitCode, output: error.stdout };
    }
  },
  close: async () => {
    await sandbox.kill({ requestTimeoutMs: CLOSE_TIMEOUT_MS });
  },
});
