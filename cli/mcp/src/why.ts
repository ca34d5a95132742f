/** Why something is as it is: the newest validation of what was asked about, in words. */
import { readSteps } from "@webhook-gateway/shared/api/run-step.ts";
import type { Trace } from "@webhook-gateway/shared/api/trace.ts";
import type { ValidationDetail } from "@webhook-gateway/shared/api/validation.ts";
import { type Digest, isFailing, readDigest } from "@webhook-gateway/shared/wording/digest.ts";
import { advice, headline } from "@webhook-gateway/shared/wording/run.ts";
import type { OperatorApi } from "../../src/api/operator-api.ts";
import { Untrusted } from "./untrusted.ts";

/** The end of a step's output says why it failed. */
const TAIL_CHARACTERS = 2000;

/** @throws GatewayError */
export async function explain(api: OperatorApi, what: string): Promise<object> {
  const trace = await api.trace(what);
  const newest = newestOf(trace);
  const others = { deliveries: trace.deliveries, dead_letters: trace.dead_letters, renamed: trace.renamed };
  // A delivery that started nothing has its reason in its row.
  if (newest === undefined) return { validation: null, ...others };
  const [{ results, timeline: _, report, ...validation }, { gates }] = await Promise.all([
    api.validation(newest.validation.id),
    api.status(),
  ]);
  const last = newest.steps.at(-1);
  return {
    ...verdictOf(validation, digestOf(results)),
    waiting_for: validation.finished_at === null ? (last?.detail ?? null) : null,
    closed_gates: validation.finished_at === null ? gates.filter(({ state }) => state === "closed") : [],
    failed_steps: failedSteps(results),
    validation,
    report,
    dead_letters: [...newest.dead_letters, ...trace.dead_letters],
    other_runs: trace.validations.length - 1,
    renamed: trace.renamed,
  };
}

const newestOf = ({ validations }: Trace) =>
  validations.toSorted((a, b) => b.validation.created_at.localeCompare(a.validation.created_at))[0];

/** As the run's page and its check say it. */
function verdictOf(
  validation: Omit<ValidationDetail, "results" | "timeline" | "report">,
  digest: Digest,
): object {
  const { state, attempts } = validation;
  const run = {
    ...validation,
    state: state === "dispatching" ? "queued" : state,
    dispatch_attempts: attempts,
  } as const;
  return { verdict: headline(run, digest), advice: advice(run, digest, (name) => name) };
}

const digestOf = (results: ValidationDetail["results"]): Digest =>
  readDigest({
    error: results?.error,
    truncated: results?.truncated,
    steps: readSteps(results).map(({ name, status, exitCode, durationMs, output }) => ({
      ...{ name, status, output, exit_code: exitCode, duration_ms: durationMs },
    })),
  });

/** Their names and states are Grainchain's too. */
const failedSteps = (results: ValidationDetail["results"]): Untrusted =>
  new Untrusted(
    digestOf(results)
      .steps.filter(isFailing)
      .map(({ name, outcome, exitCode, durationMs, output }) => ({
        ...{ name, outcome, exit_code: exitCode, duration_ms: durationMs },
        output: output.slice(-TAIL_CHARACTERS),
      })),
  );
