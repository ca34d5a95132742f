/** A client for the double of GitHub. It does not use Node, so that tests in workerd can use it too. */
import * as v from "valibot";
import type { FaultMatch, FaultOutcome } from "./fault.ts";
import { type InstanceState, instanceState, type RequestRecord, requestRecord } from "./record.ts";
import type { DeliverySpec, InstallationSpec, InstanceSpec, PullSpec, Revocation } from "./spec.ts";

/** One isolated GitHub. */
export interface GitHub {
  /** The value of a gateway's `GITHUB_API_URL`. */
  readonly url: string;
  /** The same GitHub, with the base path of a GitHub Enterprise Server. */
  readonly enterpriseUrl: string;
  /** All requests to the API, in the order of arrival. */
  requests(): Promise<RequestRecord[]>;
  /** What GitHub's description or rules do not allow in the requests, and failures of the double itself. */
  violations(): Promise<string[]>;
  state(): Promise<InstanceState>;
  /** Makes requests fail. The first matching fault applies. `times` 0: until it is cleared. */
  fault(match: FaultMatch, outcome: FaultOutcome, times?: number): Promise<void>;
  clearFaults(): Promise<void>;
  addDeliveries(hookId: number, ...deliveries: readonly DeliverySpec[]): Promise<void>;
  /** Installs the App. */
  install(installation: InstallationSpec): Promise<void>;
  /** Creates pull requests, or changes those of the same numbers. */
  setPulls(...pulls: readonly PullSpec[]): Promise<void>;
  /** Revokes tokens of installations (default: all). */
  revokeTokens(which?: Revocation): Promise<void>;
  /** Removes this GitHub. */
  close(): Promise<void>;
}

const created = v.object({ id: v.string(), url: v.string() });

/** Creates an isolated GitHub. */
export async function openGitHub(serverUrl: string, spec: InstanceSpec): Promise<GitHub> {
  const { id, url } = v.parse(created, await ask("POST", `${serverUrl}/_double`, spec));
  const control = `${serverUrl}/_double/${id}`;
  return {
    url,
    enterpriseUrl: `${url}/api/v3`,
    requests: async () => v.parse(v.array(requestRecord), await ask("GET", `${control}/requests`)),
    violations: async () => v.parse(v.array(v.string()), await ask("GET", `${control}/violations`)),
    state: async () => v.parse(instanceState, await ask("GET", `${control}/state`)),
    async fault(match, outcome, times = 1) {
      await ask("POST", `${control}/faults`, [{ match, times, ...outcome }]);
    },
    async clearFaults() {
      await ask("DELETE", `${control}/faults`);
    },
    async addDeliveries(hook_id, ...deliveries) {
      await ask("POST", `${control}/deliveries`, { hook_id, deliveries });
    },
    async install(installation) {
      await ask("POST", `${control}/installations`, installation);
    },
    async setPulls(...pulls) {
      await ask("POST", `${control}/pulls`, { pulls });
    },
    async revokeTokens(which = {}) {
      await ask("POST", `${control}/tokens/revoke`, which);
    },
    async close() {
      await ask("DELETE", control);
    },
  };
}

async function ask(method: string, url: string, body?: unknown): Promise<unknown> {
  const sent =
    body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } };
  const response = await fetch(url, { method, ...sent });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${url}: ${response.status} ${text}`);
  return text === "" ? undefined : JSON.parse(text);
}
