/** Speaks to the double of GitHub. Free of Node, so that a test in workerd can use it too. */
import * as v from "valibot";
import type { FaultMatch, FaultOutcome } from "./fault.ts";
import { type InstanceState, instanceState, type RequestRecord, requestRecord } from "./record.ts";
import type { DeliverySpec, InstanceSpec, Revocation } from "./spec.ts";

/** One isolated GitHub. */
export interface GitHub {
  /** What a gateway is given for `GITHUB_API_URL`. */
  readonly url: string;
  /** The same GitHub, as a GitHub Enterprise Server's base URL has it. */
  readonly enterpriseUrl: string;
  /** Every request for the API, in the order of arrival. */
  requests(): Promise<RequestRecord[]>;
  /** What in the requests GitHub's description or its rules do not allow, and where the double itself failed. */
  violations(): Promise<string[]>;
  state(): Promise<InstanceState>;
  /** Makes requests go wrong. The first fault that matches is the one that counts. `times` 0: until it is cleared. */
  fault(match: FaultMatch, outcome: FaultOutcome, times?: number): Promise<void>;
  clearFaults(): Promise<void>;
  addDeliveries(hookId: number, ...deliveries: readonly DeliverySpec[]): Promise<void>;
  /** Makes tokens of installations worthless: all where nothing is said. */
  revokeTokens(which?: Revocation): Promise<void>;
  /** Forgets this GitHub. */
  close(): Promise<void>;
}

const created = v.object({ id: v.string(), url: v.string() });

/** Makes a GitHub of one's own. */
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
