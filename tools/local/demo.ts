/**
 * The demo: a pull request in a small real git repository, one signed delivery over HTTP, and its trace, read from the
 * operator API while it happens.
 */

import { setTimeout as delay } from "node:timers/promises";
import type { ValidationItem } from "@webhook-gateway/shared/api/validation.ts";
import { openClient } from "../../cli/src/api/client.ts";
import { sendDelivery } from "../../cli/src/api/delivery.ts";
import { type OperatorApi, operatorApi } from "../../cli/src/api/operator-api.ts";
import { ApiError } from "../../cli/src/api/refusal.ts";
import { GatewayError } from "../../cli/src/exit.ts";
import { buildPayload } from "../../cli/src/input/payload.ts";
import { DEMO_REPOSITORY, makePullRequest, type PullRequest } from "./demo-repository.ts";
import { describeIsolation, type Isolation } from "./isolation.ts";
import type { LocalSettings } from "./settings.ts";

const TIMEOUT_MS = 90_000;
const POLL_MS = 100;

export interface DemoOptions {
  readonly url: string;
  readonly settings: LocalSettings;
  readonly isolation: Isolation;
  /** Holds `demo/widgets`. */
  readonly demoRepos: string;
  readonly signal: AbortSignal;
}

/** Runs the demo. If it fails it says so, and the gateway goes on. */
export async function runDemo(options: DemoOptions): Promise<void> {
  try {
    const pull = await makePullRequest(options.demoRepos);
    console.log(`demo: pull request ${DEMO_REPOSITORY}#${pull.number}, head ${pull.head.slice(0, 12)}`);
    console.log(`demo: ${describeIsolation(options.isolation)}`);
    const accepted = Date.now();
    const guid = await deliver(options, pull);
    await trace(options, guid, accepted);
  } catch (thrown) {
    if (options.signal.aborted) return;
    console.error(`demo: did not finish: ${thrown instanceof Error ? thrown.message : "unknown"}`);
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
  if (sent.status !== 202) throw new GatewayError(`the delivery was answered ${sent.status}`);
  console.log(`  accepted 202 in ${sent.durationMs} ms (delivery ${sent.guid})`);
  return sent.guid;
}

/** Prints each step once the operator API has it. */
async function trace({ url, settings, signal }: DemoOptions, guid: string, accepted: number): Promise<void> {
  const api = operatorApi(openClient({ url, token: settings.variables.OPERATOR_TOKEN ?? "" }));
  const begun = Date.now();
  const printed = new Set<string>();
  while (Date.now() - begun < TIMEOUT_MS && !signal.aborted) {
    const found = await findValidation(api, guid);
    for (const { step, at } of found?.steps ?? []) {
      const name = step === found?.validation.state ? nameOfState(found.validation) : STEP_NAMES[step];
      if (name === undefined || printed.has(step)) continue;
      printed.add(step);
      console.log(`  ${name} after ${Date.parse(at) - accepted} ms`);
    }
    const last = found?.steps.find(({ step }) => step in REPORT_STATUSES);
    // A running validation is reported too.
    if (found?.validation.finished_at != null && last !== undefined) {
      const { id } = found.validation;
      console.log(`  reported ${REPORT_STATUSES[last.step]} (${last.detail})`);
      console.log(
        `demo: done. Ask again: npm run d1 -- "SELECT * FROM timeline WHERE validation_id = '${id}'"`,
      );
      return;
    }
    await delay(POLL_MS);
  }
  if (!signal.aborted) throw new GatewayError(`no result within ${TIMEOUT_MS / 1000} s`);
}

/** @returns undefined until the delivery is recorded */
async function findValidation(api: OperatorApi, guid: string) {
  try {
    return (await api.trace(guid)).validations[0];
  } catch (thrown) {
    if (thrown instanceof ApiError && thrown.status === 404) return undefined;
    throw thrown;
  }
}

/** What the demo calls each step of a trace. */
const STEP_NAMES: Readonly<Record<string, string>> = {
  recorded: "recorded",
  dispatching: "dispatched",
  pending: "pending",
  running: "running",
};

/** The state; for a final state, with the conclusion. */
function nameOfState({ state, finished_at, conclusion, error }: ValidationItem): string | undefined {
  return finished_at === null ? STEP_NAMES[state] : [state, conclusion ?? error ?? ""].join(" ").trim();
}

/** The steps about the report to GitHub, with the status that they mean. */
const REPORT_STATUSES: Readonly<Record<string, string>> = {
  reported: "posted",
  "not reported": "skipped",
  "dead letter": "dead",
};
