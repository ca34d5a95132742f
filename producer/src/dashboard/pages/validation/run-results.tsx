/** A run's steps with their output. */
import { WordBadge } from "../../parts/badge.tsx";
import { Span, Words } from "../../parts/inline.tsx";
import { tail, terminalText, visible } from "../../parts/text.ts";
import { isTruncated, type Results, type StepResult, stepsOf } from "./results.ts";

/** Of one step; and of the results as they were sent. */
const MAX_OUTPUT_LENGTH = 64 * 1024;

export function RunResults({ results }: { readonly results: Results | null }) {
  if (results === null) return <p class="empty">Grainchain has sent no results.</p>;
  const steps = stepsOf(results);
  return (
    <>
      {isTruncated(results) && (
        <p class="notice">The results were too large to be kept: this is a summary of them.</p>
      )}
      {steps.length === 0 && <p class="empty">The results name no steps.</p>}
      {steps.map((step) => (
        <Step step={step} />
      ))}
      <details class="raw" id="results">
        <summary>Results as Grainchain sent them</summary>
        <Output label="Results" text={visible(tail(JSON.stringify(results, null, 2), MAX_OUTPUT_LENGTH))} />
      </details>
    </>
  );
}

const Step = ({ step }: { readonly step: StepResult }) => (
  <details
    class="run-step"
    id={`step-${encodeURIComponent(step.name.slice(0, 200).toWellFormed())}`}
    open={step.status !== "passed"}
  >
    <summary>
      <WordBadge word={step.status} />
      <span class="name">
        <Words text={step.name} />
      </span>
      <span class="muted">
        {step.exitCode !== undefined && step.exitCode !== 0 && `exit ${step.exitCode} · `}
        <Span ms={step.durationMs} />
      </span>
    </summary>
    {step.output === undefined || step.output === "" ? (
      <p class="empty">It printed nothing.</p>
    ) : (
      <Output label={`Output of ${step.name}`} text={tail(terminalText(step.output), MAX_OUTPUT_LENGTH)} />
    )}
  </details>
);

/** Text as it was printed, which scrolls within itself. */
export const Output = ({ label, text }: { readonly label: string; readonly text: string }) => (
  <section class="output" tabindex={0} aria-label={visible(label.slice(0, 100))}>
    <pre>
      <bdi>{text}</bdi>
    </pre>
  </section>
);
