/**
 * The demo: a pull request of a small real git repository, one signed delivery over HTTP, and the trace of what comes
 * of it, read from D1 as it happens.
 */
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { D1Database } from "@cloudflare/workers-types";
import { loadEnd, loadSteps } from "@webhook-gateway/shared/store/trace.ts";
import { sendDelivery } from "../src/delivery.ts";
import { buildPayload } from "../src/payload.ts";
import { DEMO_REPOSITORY, makePullRequest, type PullRequest } from "./demo-repository.ts";
import { type LocalSettings, StartError } from "./settings.ts";

const TIMEOUT_MS = 90_000;
const POLL_MS = 100;

export interface DemoOptions {
  readonly url: string;
  readonly settings: LocalSettings;
  /** Holds `demo/widgets`. */
  readonly demoRepos: string;
  readonly signal: AbortSignal;
}

/** Runs the demo. Trouble is told and does not end the gateway. */
export async function runDemo(options: DemoOptions): Promise<void> {
  try {
    const pull = await makePullRequest(options.demoRepos);
    console.log(`demo: pull request ${DEMO_REPOSITORY}#${pull.number}, head ${pull.head.slice(0, 12)}`);
    const accepted = Date.now();
    const guid = await deliver(options, pull);
    await trace(options, guid, accepted);
  } catch (thrown) {
    if (options.signal.aborted) return;
    console.error(`demo: did not come to its end: ${thrown instanceof Error ? thrown.message : "unknown"}`);
  }
}

async function deliver({ url, settings }: DemoOptions, pull: PullRequest): Promise<string> {
  const payload = buildPayload("pull_request.opened", {
    repo: DEMO_REPOSITORY,
    pr: pull.number,
    head: pull.head,
    now: new Date(),
  });
  const secret = settings.variables.GITHUB_WEBHOOK_SECRET ?? "";
  const sent = await sendDelivery(url, secret, { event: "pull_request", body: JSON.stringify(payload) });
  if (sent.status !== 202) throw new StartError(`the delivery was answered ${sent.status}`);
  console.log(`  accepted 202 in ${sent.durationMs} ms (delivery ${sent.guid})`);
  return sent.guid;
}

/** Prints each step as it is found in D1. */
async function trace({ settings, signal }: DemoOptions, guid: string, accepted: number): Promise<void> {
  const begun = Date.now();
  // Read at its first import: it would tell of secrets that this does not need.
  process.env.WRANGLER_LOG = "none";
  const { getPlatformProxy } = await import("wrangler");
  const proxy = await getPlatformProxy<{ DB: D1Database }>({
    configPath: path.join(settings.stateDir, "config/wrangler.producer.toml"),
    environment: "development",
    persist: { path: path.join(settings.stateDir, "v3") },
  });
  try {
    const { DB } = proxy.env;
    let last = 0;
    while (Date.now() - begun < TIMEOUT_MS && !signal.aborted) {
      for (const row of await loadSteps(DB, guid, last)) {
        last = row.id;
        console.log(
          `  ${STEP_NAMES[row.to_state] ?? row.to_state} after ${Date.parse(row.at) - accepted} ms`,
        );
      }
      const end = await loadEnd(DB, guid);
      if (end !== null) {
        const took = Date.parse(end.finished_at) - accepted;
        console.log(`  ${end.state} ${end.conclusion ?? end.error ?? ""} after ${took} ms`);
        console.log(`  reported ${end.status}${end.reason === null ? "" : ` (${end.reason})`}`);
        console.log(
          `demo: done. Ask again: npm run d1 -- "SELECT * FROM timeline WHERE validation_id = '${end.id}'"`,
        );
        return;
      }
      await delay(POLL_MS);
    }
    if (!signal.aborted) throw new StartError(`no result within ${TIMEOUT_MS / 1000} s`);
  } finally {
    await proxy.dispose();
  }
}

const STEP_NAMES: Readonly<Record<string, string>> = {
  queued: "recorded",
  dispatching: "dispatched",
};
