/** The steps of a run with their times and output, those that failed first. */
import { type Digest, isFailing, type Step } from "@webhook-gateway/shared/wording/digest.ts";
import { StepOutput } from "../dashboard/parts/output.tsx";

export const Steps = ({ digest }: { readonly digest: Digest }) => (
  <section aria-labelledby="steps">
    <h2 id="steps">Steps</h2>
    {digest.truncated && (
      <p class="notice">The results were too large to be kept whole: steps may be missing.</p>
    )}
    {digest.steps.length === 0 && <p class="empty">No steps were reported.</p>}
    {digest.steps
      .toSorted((one, other) => Number(isFailing(other)) - Number(isFailing(one)))
      .map((step) => (
        <OneStep step={step} />
      ))}
  </section>
);

const OneStep = ({ step }: { readonly step: Step }) => (
  <StepOutput
    name={step.name}
    outcome={step.outcome}
    open={isFailing(step) || step.outcome === "unknown"}
    exitCode={step.exitCode}
    durationMs={step.durationMs}
    output={step.output}
    isCut={step.outputCut}
  />
);
