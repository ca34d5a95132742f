/** A run's steps with their output. */
import { type RunStep, readSteps } from "@webhook-gateway/shared/api/run-step.ts";
import type { ValidationDetail } from "@webhook-gateway/shared/api/validation.ts";
import { Output, StepOutput } from "../../parts/output.tsx";
import { tail, terminalText, visible } from "../../parts/text.ts";

/** The limit for the output of one step, and for the raw results. */
const MAX_OUTPUT_LENGTH = 64 * 1024;

export function RunResults({ results }: Pick<ValidationDetail, "results">) {
  if (results === null) return <p class="empty">Grainchain has not sent any results.</p>;
  const steps = readSteps(results);
  return (
    <>
      {results.truncated === true && (
        <p class="notice">The results were too large to be stored. This is a summary.</p>
      )}
      {steps.length === 0 && <p class="empty">The results contain no steps.</p>}
      {steps.map((step) => (
        <Step step={step} />
      ))}
      <details class="raw" id="results">
        <summary>Raw results from Grainchain</summary>
        <Output label="Results" text={visible(tail(JSON.stringify(results, null, 2), MAX_OUTPUT_LENGTH))} />
      </details>
    </>
  );
}

const Step = ({ step }: { readonly step: RunStep }) => (
  <StepOutput
    name={step.name}
    outcome={step.status}
    open={step.status !== "passed"}
    exitCode={step.exitCode}
    durationMs={step.durationMs}
    output={tail(terminalText(step.output), MAX_OUTPUT_LENGTH)}
  />
);
