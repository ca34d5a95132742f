/** The trace of one validation: each step with its time, the time since the step before it, and the reason. */
import type { TraceStep } from "@webhook-gateway/shared/api/trace.ts";
import { durationText } from "@webhook-gateway/shared/text/duration.ts";
import { Prose, Text, utcText } from "../../parts/inline.tsx";
import { useNow } from "../../parts/view.ts";

/** A wait of this length is highlighted. */
const LONG_GAP_MS = 60_000;

export const TraceSteps = ({ steps }: { readonly steps: readonly TraceStep[] }) => {
  if (steps.length === 0) return <p class="empty">There is no trace.</p>;
  return (
    <ol class="trace">
      {steps.map((step) => (
        <li class={step.step === "now" ? "now" : undefined}>
          <Clock at={step.at} />
          <Gap ms={step.gap_ms} />
          <span class="step">
            <Text text={step.step.replaceAll("_", " ")} maxLength={60} />
          </span>
          <span class="detail">
            <Prose text={step.detail} maxLength={1000} />
          </span>
        </li>
      ))}
    </ol>
  );
};

function Clock({ at }: { readonly at: string }) {
  const today = at.slice(0, 10) === useNow().toISOString().slice(0, 10);
  return (
    <time datetime={at} title={utcText(at)}>
      {!today && `${at.slice(5, 10)} `}
      {at.slice(11, 23)}
    </time>
  );
}

function Gap({ ms }: { readonly ms: number | null }) {
  if (ms === null) return <span class="gap" />;
  return (
    <span class={ms >= LONG_GAP_MS ? "gap long" : "gap"}>
      <span class="hidden">after </span>+{durationText(ms)}
    </span>
  );
}
