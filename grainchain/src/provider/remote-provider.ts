import { isLeftover, labelsOf, labelsOfMachine } from "./owner.ts";
import { openRemoteSandbox } from "./remote-sandbox.ts";
import { closeAll, explain, type RemoteService } from "./remote-service.ts";
import type { SandboxProvider } from "./sandbox-provider.ts";

/** A sandbox that nobody closes ends this long after its run's time at the latest. */
const LIFETIME_SLACK_MS = 2 * 60_000;

/** Runs steps in the sandboxes of a service. */
export function remoteProvider(service: RemoteService): SandboxProvider {
  const { name, client, log } = service;
  return {
    name,
    isolation: "remote",
    create: async (limits) => {
      const labels = labelsOf(limits.runId);
      const lifetimeMs = limits.timeoutMs + LIFETIME_SLACK_MS;
      try {
        const remote = await client.create({ labels, lifetimeMs, network: limits.network });
        return openRemoteSandbox(remote, limits, service);
      } catch (error) {
        // The answer may have been lost: then there is one, which costs.
        await closeAll(service, () => client.list(labels));
        throw explain(service, "could not create a sandbox", error);
      }
    },
    sweep: async () => {
      const closed = await closeAll(service, async () => {
        const found = await client.list(labelsOfMachine());
        return found.filter(({ labels }) => isLeftover(labels));
      });
      if (closed === undefined) log("provider.not_swept", { provider: name });
      return closed ?? 0;
    },
  };
}
