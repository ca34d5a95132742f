/** The trace of a delivery, a validation, a pull request or a commit. */
import type { Trace } from "@webhook-gateway/shared/api/trace.ts";
import { StateBadge } from "../parts/badge.tsx";
import { DeadLetterTable } from "../parts/dead-letter-table.tsx";
import { DeliveryTable } from "../parts/delivery-table.tsx";
import { Code, Sha } from "../parts/inline.tsx";
import { Page } from "../parts/layout.tsx";
import { paths } from "../parts/link.ts";
import { SubjectText } from "../parts/validation-table.tsx";
import { TraceSteps } from "./validation/trace-steps.tsx";

interface Props {
  readonly asked: string;
  readonly trace: Trace;
}

const KINDS: Readonly<Record<Trace["kind"], string>> = {
  delivery: "Delivery",
  validation: "Validation",
  pull_request: "Pull request",
  sha: "Commit",
};

export const SearchPage = ({ asked, trace }: Props) => (
  <Page title={`Trace of ${asked.slice(0, 100)}`} section="none" asked={asked} refreshSeconds={5}>
    <h1>
      {KINDS[trace.kind]} <Code text={asked} maxLength={120} />
    </h1>
    {trace.renamed.map(({ from, to }) => (
      <p>
        <Code text={from} /> is now <Code text={to} />.
      </p>
    ))}
    {trace.validations.map((one) => (
      <Run one={one} />
    ))}
    {trace.validations.length === 0 && <p class="empty">It started no validation.</p>}
    {trace.dead_letters.length > 0 && (
      <section aria-labelledby="dead-letters">
        <h2 id="dead-letters">Dead letters</h2>
        <DeadLetterTable
          caption="Deliveries that could not be recorded"
          items={trace.dead_letters}
          empty="None."
        />
      </section>
    )}
    <section aria-labelledby="deliveries">
      <h2 id="deliveries">Deliveries</h2>
      <DeliveryTable caption="Its deliveries" items={trace.deliveries} empty="No deliveries were recorded." />
    </section>
  </Page>
);

const Run = ({ one }: { readonly one: Trace["validations"][number] }) => (
  <section id={`run-${one.validation.id}`}>
    <div class="title">
      <h2>
        <a href={paths.validation(one.validation.id)}>
          <SubjectText item={one.validation} /> run {one.validation.run} of{" "}
          <Sha sha={one.validation.head_sha} />
        </a>
      </h2>
      <StateBadge of={one.validation} />
    </div>
    <TraceSteps steps={one.steps} />
    {one.dead_letters.length > 0 && (
      <DeadLetterTable caption="Its dead letters" items={one.dead_letters} empty="None." />
    )}
  </section>
);

export const SearchHelpPage = ({ asked }: { readonly asked: string }) => (
  <Page title="Trace" section="none" asked={asked}>
    <h1>{asked === "" ? "Trace" : "Nothing found"}</h1>
    {asked !== "" && (
      <p>
        Nothing is known about <Code text={asked} maxLength={400} />. Ignored events leave no trace. Missing
        deliveries are listed under <a href={paths.reconciles()}>Recovery</a>.
      </p>
    )}
    <p>You can trace:</p>
    <ul>
      <li>
        a pull request, by its URL or as <code>owner/repo#12</code>
      </li>
      <li>a delivery, by its GUID from GitHub's list of deliveries</li>
      <li>a validation, by its id</li>
      <li>a commit, by 7 or more digits of its SHA</li>
    </ul>
  </Page>
);
