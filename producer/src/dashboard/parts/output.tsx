/** The output of a program. */

import { WordBadge } from "./badge.tsx";
import { Span, Text } from "./inline.tsx";
import { visible } from "./text.ts";

/** Text as it was printed, with its own scrollbar. */
export const Output = ({ label, text }: { readonly label: string; readonly text: string }) => (
  <section class="output" tabindex={0} aria-label={visible(label.slice(0, 100))}>
    <pre>
      <bdi>{text}</bdi>
    </pre>
  </section>
);

export interface StepOutputProps {
  readonly name: string;
  readonly outcome: string;
  readonly open: boolean;
  readonly exitCode: number | null;
  readonly durationMs: Parameters<typeof Span>[0]["ms"];
  /** Empty if the step printed nothing. */
  readonly output: string;
  /** Only the end of the output is there. */
  readonly isCut?: boolean;
}

/** A step of a run: its outcome, and its output behind it. */
export const StepOutput = (step: StepOutputProps) => (
  <details
    class="run-step"
    id={`step-${encodeURIComponent(step.name.slice(0, 200).toWellFormed())}`}
    open={step.open}
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
    {step.isCut === true && <p class="empty">Only the end of the output is shown.</p>}
    {step.output === "" ? (
      <p class="empty">This step printed nothing.</p>
    ) : (
      <Output label={`Output of ${step.name}`} text={step.output} />
    )}
  </details>
);
