/** One dead letter with its fact. */

import type { DeadLetterDetail } from "@webhook-gateway/shared/api/dead-letter.ts";
import { parseJson } from "@webhook-gateway/shared/text/json.ts";
import { WordBadge } from "../parts/badge.tsx";
import { DeadLetterActions } from "../parts/dead-letter-actions.tsx";
import { Fields } from "../parts/fields.tsx";
import { At, Text } from "../parts/inline.tsx";
import { Page } from "../parts/layout.tsx";
import { paths, replayAnchor } from "../parts/link.ts";
import { tail, visible } from "../parts/text.ts";
import type { View } from "../parts/view.ts";
import { Output } from "./validation/run-results.tsx";
import { DeliveryLink } from "./validation/validation-fields.tsx";

const MAX_BODY_LENGTH = 64 * 1024;

const MEANING: Readonly<Record<DeadLetterDetail["kind"], string>> = {
  fact: "A delivery or callback that could not be recorded.",
  dispatch: "A validation that could not be dispatched to Grainchain.",
  cancel: "A run at Grainchain that could not be cancelled.",
  report: "A validation state that could not be reported to GitHub.",
};

interface Props {
  readonly view: View;
  readonly letter: DeadLetterDetail;
}

export const DeadLetterPage = ({ view, letter }: Props) => (
  <Page view={view} title={`Dead ${letter.kind}`} section="dead-letters" refreshSeconds={10}>
    <div class="title">
      <h1>
        Dead {letter.kind} · <Text text={letter.class} maxLength={60} />
      </h1>
      <WordBadge word={letter.status} />
    </div>
    <p class="muted">{MEANING[letter.kind]}</p>
    {view.role === "operator" && letter.status === "open" && <DeadLetterActions id={letter.id} />}
    <p class="error box">
      <Text text={letter.error} maxLength={2100} />
    </p>
    <DeadLetterFields view={view} letter={letter} />
    {letter.body !== null && (
      <section aria-labelledby="fact">
        <h2 id="fact">The fact</h2>
        <Output label="The fact" text={visible(tail(pretty(letter.body), MAX_BODY_LENGTH))} />
      </section>
    )}
  </Page>
);

const DeadLetterFields = ({ view, letter }: Props) => (
  <Fields
    of={[
      [
        "Dead letter",
        <code>
          <Text text={letter.id} maxLength={300} />
        </code>,
      ],
      ["Attempts", letter.attempts],
      ["First attempt", <At at={letter.first_at} view={view} />],
      ["Died", <At at={letter.died_at} view={view} />],
      letter.repository === null
        ? undefined
        : [
            "Repository",
            <a href={paths.deadLetters({ repo: letter.repository })}>
              <Text text={letter.repository} maxLength={200} />
            </a>,
          ],
      letter.delivery_id === null ? undefined : ["Delivery", <DeliveryLink id={letter.delivery_id} />],
      letter.validation_id === null
        ? undefined
        : [
            "Validation",
            <a href={paths.validation(letter.validation_id)}>
              <code>
                <Text text={letter.validation_id} maxLength={200} />
              </code>
            </a>,
          ],
      letter.replay_id === null
        ? undefined
        : [
            "Replay",
            <a href={`${paths.replays()}#${replayAnchor(letter.replay_id)}`}>
              <code>
                <Text text={letter.replay_id} />
              </code>
            </a>,
          ],
      letter.closed_at === null ? undefined : ["Closed", <At at={letter.closed_at} view={view} />],
      letter.outcome === null ? undefined : ["Outcome", <Text text={letter.outcome} maxLength={500} />],
    ]}
  />
);

/** JSON in indented lines; any other text as it is. */
function pretty(body: string): string {
  const value = parseJson(body);
  return value === undefined ? body : JSON.stringify(value, null, 2);
}
