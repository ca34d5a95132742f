/** One validation with its trace, results and report. */
import type { Trace, TraceStep } from "@webhook-gateway/shared/api/trace.ts";
import type { ValidationDetail } from "@webhook-gateway/shared/api/validation.ts";
import { isFinal } from "@webhook-gateway/shared/domain/validation.ts";
import { spanMs } from "@webhook-gateway/shared/text/duration.ts";
import { StateBadge } from "../../parts/badge.tsx";
import { DeadLetterTable } from "../../parts/dead-letter-table.tsx";
import { Ago, Outside, Span, Text } from "../../parts/inline.tsx";
import { Page } from "../../parts/layout.tsx";
import { pullPath } from "../../parts/link.ts";
import { SubjectText } from "../../parts/validation-table.tsx";
import { useView } from "../../parts/view.ts";
import { Report } from "./report.tsx";
import { RunResults } from "./run-results.tsx";
import { TraceSteps } from "./trace-steps.tsx";
import { ValidationActions } from "./validation-actions.tsx";
import { ValidationFields } from "./validation-fields.tsx";

interface Props {
  readonly validation: ValidationDetail;
  readonly trace: Trace | undefined;
  /** Its page for contributors. */
  readonly runPage: string;
}

/** A validation that has ended changes little: late results, and its report to GitHub. */
const refreshSeconds = ({ state }: ValidationDetail): number => (isFinal(state) ? 15 : 2);

export function ValidationPage({ validation, trace, runPage }: Props) {
  const own = trace?.validations.find((one) => one.validation.id === validation.id);
  return (
    <Page
      title={`${validation.state} ${validation.repository.slice(0, 100)}#${validation.pr_number}`}
      section="validations"
      refreshSeconds={refreshSeconds(validation)}
    >
      <Title validation={validation} runPage={runPage} />
      {useView().role === "operator" && validation.archived_at === null && (
        <ValidationActions validation={validation} />
      )}
      {validation.error !== null && (
        <p class="error box">
          <Text text={validation.error} maxLength={2100} />
        </p>
      )}
      <section aria-labelledby="trace">
        <h2 id="trace">Trace</h2>
        <TraceSteps steps={own?.steps ?? stepsOf(validation)} />
      </section>
      <section aria-labelledby="steps">
        <h2 id="steps">Steps and their output</h2>
        <RunResults results={validation.results} />
      </section>
      <div class="columns">
        <section aria-labelledby="fields">
          <h2 id="fields">Details</h2>
          <ValidationFields validation={validation} />
        </section>
        <section aria-labelledby="report">
          <h2 id="report">Report to GitHub</h2>
          <Report report={validation.report} />
        </section>
      </div>
      {own !== undefined && own.dead_letters.length > 0 && (
        <section aria-labelledby="dead-letters">
          <h2 id="dead-letters">Dead letters</h2>
          <DeadLetterTable caption="Its dead letters" items={own.dead_letters} empty="None." />
        </section>
      )}
    </Page>
  );
}

const Title = ({ validation, runPage }: Omit<Props, "trace">) => {
  const runs = pullPath(validation.repository, validation.pr_number);
  return (
    <div class="title">
      <h1>
        <SubjectText item={validation} />
      </h1>
      <StateBadge of={validation} />
      <span class="muted">
        queued <Ago at={validation.created_at} />
        {isFinal(validation.state) && (
          <>
            , took <Span ms={spanMs(validation.created_at, validation.finished_at)} />
          </>
        )}
      </span>
      {runs !== undefined && <a href={runs}>All runs of this pull request</a>}
      <a href={runPage}>Page for contributors</a>
      <Outside address={validation.pr_url}>View on GitHub</Outside>
    </div>
  );
};

/** The steps without a trace. */
const stepsOf = ({ timeline }: ValidationDetail): TraceStep[] =>
  timeline.map(({ at, to_state: step, reason: detail }, index) => {
    const before = timeline[index - 1];
    return { at, step, detail, gap_ms: before === undefined ? null : Date.parse(at) - Date.parse(before.at) };
  });
