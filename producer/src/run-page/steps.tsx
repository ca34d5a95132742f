/** The steps of a run with their times and output, those that failed first. */
import { type Digest, isFailing, type Step } from "@webhook-gateway/shared/wording/digest.ts";
import { WordBadge } from "../dashboard/parts/badge.tsx";
import { Span, Text } from "../dashboard/parts/inline.tsx";
import { Output } from "../dashboard/parts/output.tsx";

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
  <details
    class="run-step"
    id={`step-${encodeURIComponent(step.name.toWellFormed())}`}
    open={isFailing(step) || step.outcome === "unknown"}
  >
    <summary>
      <WordBadge word={step.outcome} />
      <span class="name">
        <Text text={step.name} />
      </span>
      <span class="muted">
        {step.exitCode !== null && step.exitCode !== 0 && `exit ${step.exitCode} · `}
        <Span ms={step.durationMs} />
      </span>
    </summary>
    {step.outputCut && <p class="empty">Only the end of the output is shown.</p>}
    {step.output === "" ? (
      <p class="empty">This step printed nothing.</p>
    ) : (
      <Output label={`Output of ${step.name}`} text={step.output} />
    )}
  </details>
);
