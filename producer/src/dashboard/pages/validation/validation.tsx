/** One validation, whole. */
import type { Trace, TraceStep } from "@webhook-gateway/shared/api/trace.ts";
import type { ValidationDetail } from "@webhook-gateway/shared/api/validation.ts";
import { isFinal } from "@webhook-gateway/shared/domain/validation.ts";
import { spanMs } from "@webhook-gateway/shared/text/duration.ts";
import { StateBadge } from "../../parts/badge.tsx";
import { LetterTable } from "../../parts/dead-letter-table.tsx";
import { Ago, Outside, Span, Words } from "../../parts/inline.tsx";
import { Page } from "../../parts/layout.tsx";
import { pullPath } from "../../parts/link.ts";
import { SubjectWords } from "../../parts/validation-table.tsx";
import type { View } from "../../parts/view.ts";
import { Report } from "./report.tsx";
import { RunResults } from "./run-results.tsx";
import { TraceSteps } from "./trace-steps.tsx";
import { ValidationOrders } from "./validation-actions.tsx";
import { ValidationFields } from "./validation-fields.tsx";

interface Props {
  readonly view: View;
  readonly validation: ValidationDetail;
  readonly trace: Trace | undefined;
}

/** Results may still come, and GitHub has yet to be told; after that little happens. */
const refreshSeconds = ({ state }: ValidationDetail): number => (isFinal(state) ? 15 : 2);

export function ValidationPage({ view, validation, trace }: Props) {
  const own = trace?.validations.find((one) => one.validation.id === validation.id);
  return (
    <Page
      view={view}
      title={`${validation.state} ${validation.repository.slice(0, 100)}#${validation.pr_number}`}
      place="validations"
      refreshSeconds={refreshSeconds(validation)}
    >
      <Title validation={validation} view={view} />
      {view.role === "operator" && <ValidationOrders validation={validation} />}
      {validation.error !== null && (
        <p class="error box">
          <Words text={validation.error} maxLength={2100} />
        </p>
      )}
      <section aria-labelledby="way">
        <h2 id="way">Its way</h2>
        <TraceSteps steps={own?.steps ?? stepsOf(validation)} view={view} />
      </section>
      <section aria-labelledby="steps">
        <h2 id="steps">Steps and their output</h2>
        <RunResults results={validation.results} />
      </section>
      <div class="columns">
        <section aria-labelledby="fields">
          <h2 id="fields">Details</h2>
          <ValidationFields validation={validation} view={view} />
        </section>
        <section aria-labelledby="report">
          <h2 id="report">Report to GitHub</h2>
          <Report report={validation.report} view={view} />
        </section>
      </div>
      {own !== undefined && own.dead_letters.length > 0 && (
        <section aria-labelledby="letters">
          <h2 id="letters">Dead letters</h2>
          <LetterTable view={view} caption="Its dead letters" items={own.dead_letters} empty="None." />
        </section>
      )}
    </Page>
  );
}

const Title = ({ validation, view }: Pick<Props, "validation" | "view">) => {
  const runs = pullPath(validation.repository, validation.pr_number);
  return (
    <div class="title">
      <h1>
        <SubjectWords item={validation} />
      </h1>
      <StateBadge of={validation} />
      <span class="muted">
        queued <Ago at={validation.created_at} view={view} />
        {isFinal(validation.state) && (
          <>
            , took <Span ms={spanMs(validation.created_at, validation.finished_at)} />
          </>
        )}
      </span>
      {runs !== undefined && <a href={runs}>All runs of this pull request</a>}
      <Outside address={validation.pr_url}>On GitHub</Outside>
    </div>
  );
};

/** What is known without the trace. */
const stepsOf = ({ timeline }: ValidationDetail): TraceStep[] =>
  timeline.map(({ at, to_state: step, reason: detail }, index) => {
    const before = timeline[index - 1];
    return { at, step, detail, gap_ms: before === undefined ? null : Date.parse(at) - Date.parse(before.at) };
  });
