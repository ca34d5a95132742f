/** Facts as the producer would have put them on the queue. */
import { randomBytes, randomUUID } from "node:crypto";
import { type CallbackFact, type DeliveryFact, FACT_VERSION } from "@webhook-gateway/shared/messages/fact.ts";

/** A validation's results, of so many bytes as JSON: a few steps that passed, with their outputs. */
export function resultsOf(bytes: number) {
  const withOutput = (output: string) => ({
    success: true,
    test_results: {
      overall_success: true,
      ...Object.fromEntries(
        ["install", "lint", "build", "test"].map((name, i) => [
          name,
          { status: "passed", exit_code: 0, duration_ms: 1_000 * (i + 1), output },
        ]),
      ),
    },
  });
  const room = bytes - JSON.stringify(withOutput("")).length;
  return withOutput("x".repeat(Math.max(0, Math.round(room / 4))));
}

export const RESULTS_BYTES = 1_000;
export const RESULTS = resultsOf(RESULTS_BYTES);

/** Pull requests that nobody has opened yet have numbers from here. */
let pullNumber = 100_000_000;

/** A pull request is opened, in that repository. */
export function openedPull(repositoryId: number): DeliveryFact {
  const full_name = `bench/repository-${repositoryId}`;
  const number = pullNumber++;
  const at = new Date().toISOString();
  return {
    v: FACT_VERSION,
    kind: "delivery",
    id: randomUUID(),
    event: "pull_request",
    action: "opened",
    received_at: at,
    repository: { id: repositoryId, full_name, clone_url: `https://github.com/${full_name}.git` },
    sender: "octocat",
    secret: "current",
    digest: randomBytes(16).toString("hex"),
    fingerprint: randomBytes(16).toString("hex"),
    installation_id: 1,
    change: {
      type: "pull_request",
      action: "opened",
      number,
      url: `https://github.com/${full_name}/pull/${number}`,
      head_sha: randomBytes(20).toString("hex"),
      head_ref: "topic",
      base_sha: "b".repeat(40),
      before: null,
      draft: false,
      open: true,
      updated_at: `${at.slice(0, 19)}.000Z`,
    },
  };
}

/** Grainchain says how a validation does. */
export function callbackAbout(
  validationId: string,
  status: "running" | "completed",
  results: object = RESULTS,
): CallbackFact {
  return {
    v: FACT_VERSION,
    kind: "callback",
    id: randomUUID(),
    received_at: new Date().toISOString(),
    id_kind: "ours",
    validation_id: validationId,
    grainchain_id: `grain-${validationId}`,
    project_id: "bench/repository",
    pr_number: 1,
    status,
    success: true,
    occurred_at: null,
    error: null,
    results_stored: false,
    ...(status === "completed" ? { results: { ...results } } : {}),
  };
}
