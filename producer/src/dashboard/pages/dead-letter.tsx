/** One dead letter with its fact. */

import type { DeadLetterDetail } from "@webhook-gateway/shared/api/dead-letter.ts";
import { parseJson } from "@webhook-gateway/shared/text/json.ts";
import { WordBadge } from "../parts/badge.tsx";
import { DeadLetterActions } from "../parts/dead-letter-actions.tsx";
import { Fields } from "../parts/fields.tsx";
import { At, Text } from "../parts/inline.tsx";
import { Page } from "../parts/layout.tsx";
import { paths, replayAnchor } from "../parts/link.ts";
import { Output } from "../parts/output.tsx";
import { tail, visible } from "../parts/text.ts";
import type { View } from "../parts/view.ts";
import { DeliveryLink } from "./validation/validation-fields.tsx";

const MAX_BODY_LENGTH = 64 * 1024;

const MEANING: Readonly<Record<DeadLetterDetail["kind"], string>> = {
  fact: "A delivery or callback that could not be recorded.",
  dispatch: "A validation that could not be dispatched to Grainchain.",
  cancel: "A run at Grainchain that could not be cancelled.",
  report: "A validation state that could not be reported to GitHub.",
  event: "A state change that the sink of events did not take.",
};

interface Props {
  readonly view: View;
  readonly deadLetter: DeadLetterDetail;
}

export const DeadLetterPage = ({ view, deadLetter }: Props) => (
  <Page view={view} title={`Dead ${deadLetter.kind}`} section="dead-letters" refreshSeconds={10}>
    <div class="title">
      <h1>
        Dead {deadLetter.kind} · <Text text={deadLetter.class} maxLength={60} />
      </h1>
      <WordBadge word={deadLetter.status} />
    </div>
    <p class="muted">{MEANING[deadLetter.kind]}</p>
    {view.role === "operator" && deadLetter.status === "open" && <DeadLetterActions id={deadLetter.id} />}
    <p class="error box">
      <Text text={deadLetter.error} maxLength={2100} />
    </p>
    <DeadLetterFields view={view} deadLetter={deadLetter} />
    {deadLetter.body !== null && (
      <section aria-labelledby="fact">
        <h2 id="fact">The fact</h2>
        <Output label="The fact" text={visible(tail(pretty(deadLetter.body), MAX_BODY_LENGTH))} />
      </section>
    )}
  </Page>
);

const DeadLetterFields = ({ view, deadLetter }: Props) => (
  <Fields
    of={[
      [
        "Dead letter",
        <code>
          <Text text={deadLetter.id} maxLength={300} />
        </code>,
      ],
      ["Attempts", deadLetter.attempts],
      ["First attempt", <At at={deadLetter.first_at} view={view} />],
      ["Died", <At at={deadLetter.died_at} view={view} />],
      deadLetter.repository === null
        ? undefined
        : [
            "Repository",
            <a href={paths.deadLetters({ repo: deadLetter.repository })}>
              <Text text={deadLetter.repository} maxLength={200} />
            </a>,
          ],
      deadLetter.delivery_id === null
        ? undefined
        : ["Delivery", <DeliveryLink id={deadLetter.delivery_id} />],
      deadLetter.validation_id === null
        ? undefined
        : [
            "Validation",
            <a href={paths.validation(deadLetter.validation_id)}>
              <code>
                <Text text={deadLetter.validation_id} maxLength={200} />
              </code>
            </a>,
          ],
      deadLetter.replay_id === null
        ? undefined
        : [
            "Replay",
            <a href={`${paths.replays()}#${replayAnchor(deadLetter.replay_id)}`}>
              <code>
                <Text text={deadLetter.replay_id} />
              </code>
            </a>,
          ],
      deadLetter.closed_at === null ? undefined : ["Closed", <At at={deadLetter.closed_at} view={view} />],
      deadLetter.outcome === null
        ? undefined
        : ["Outcome", <Text text={deadLetter.outcome} maxLength={500} />],
    ]}
  />
);

/** JSON in indented lines; any other text as it is. */
function pretty(body: string): string {
  const value = parseJson(body);
  return value === undefined ? body : JSON.stringify(value, null, 2);
}
