/** Exports traces by OTLP/HTTP in JSON (https://opentelemetry.io/docs/specs/otlp/#otlphttp). */
import { claimTraces, deleteTraces, type TracedRun } from "@webhook-gateway/shared/store/claim/traces.ts";
import { errorText } from "@webhook-gateway/shared/telemetry/log.ts";
import { type EffectDeps, runEffect } from "../effects/run-effect.ts";
import { traceRequest } from "./trace.ts";

export interface TraceDeps extends EffectDeps {
  readonly collector: {
    /** Without the path of its API, or with it. */
    readonly endpoint: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly environment: string;
  };
  readonly fetch: typeof fetch;
}

const BATCH_SIZE = 100;
const MAX_ROUNDS = 20;
const TIMEOUT_MS = 10_000;
/** What a collector did not take is sent again then: traces can wait. */
const LEASE_MS = 60_000;
const PATH = "/v1/traces";

interface Posted {
  readonly answer: "sent" | "refused" | "failed";
  readonly error?: string;
}

/** Exports the traces that are due. */
export async function exportTraces(deps: TraceDeps): Promise<void> {
  await runEffect(deps, {
    name: "trace",
    leaseMs: LEASE_MS,
    batchSize: BATCH_SIZE,
    maxRounds: MAX_ROUNDS,
    claim: (lease) => claimTraces(deps.db, lease),
    perform: async ({ runs }): Promise<Posted> => (runs.length === 0 ? { answer: "sent" } : post(deps, runs)),
    async settle({ items, runs }, { answer, error }, { leaseUntil }) {
      if (answer !== "failed") await deleteTraces(deps.db, items, leaseUntil);
      return {
        batch: { claimed: items.length, [answer]: runs.length, ...(error === undefined ? {} : { error }) },
        wakeAt: [],
        more: answer !== "failed" && items.length === BATCH_SIZE,
      };
    },
  });
}

/** Errors do not name the collector's address, which can be a secret. */
async function post({ collector, fetch: send }: TraceDeps, runs: readonly TracedRun[]): Promise<Posted> {
  const endpoint = collector.endpoint.replace(/\/+$/, "");
  try {
    const response = await send(endpoint.endsWith(PATH) ? endpoint : `${endpoint}${PATH}`, {
      method: "POST",
      headers: { ...collector.headers, "content-type": "application/json", "user-agent": "webhook-gateway" },
      body: JSON.stringify(await traceRequest(runs, collector.environment)),
      redirect: "manual",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    await response.body?.cancel();
    if (response.ok) return { answer: "sent" };
    // What OTLP names as worth trying again, and what an operator can fix.
    const mayPass = [401, 403, 404, 429, 502, 503, 504].includes(response.status);
    return { answer: mayPass ? "failed" : "refused", error: `HTTP ${response.status}` };
  } catch (thrown) {
    return { answer: "failed", error: errorText(thrown).split(":")[0] ?? "" };
  }
}
