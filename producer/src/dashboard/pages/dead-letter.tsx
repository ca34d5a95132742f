/** One dead letter with its fact. */

import type { DeadLetterDetail } from "@webhook-gateway/shared/api/dead-letter.ts";
import { parseJson } from "@webhook-gateway/shared/text/json.ts";
import { WordBadge } from "../parts/badge.tsx";
import { DeadLetterActions } from "../parts/dead-letter-actions.tsx";
import { Fields } from "../parts/fields.tsx";
import { At, Code, CodeLink, Text } from "../parts/inline.tsx";
import { Page } from "../parts/layout.tsx";
import { paths, replayAnchor } from "../parts/link.ts";
import { Output } from "../parts/output.tsx";
import { tail, visible } from "../parts/text.ts";
import { useView } from "../parts/view.ts";

const MAX_BODY_LENGTH = 64 * 1024;

const MEANING: Readonly<Record<DeadLetterDetail["kind"], string>> = {
  fact: "A delivery or callback that could not be recorded.",
  dispatch: "A validation that could not be dispatched to Grainchain.",
  cancel: "A run at Grainchain that could not be cancelled.",
  report: "A validation state that could not be reported to GitHub.",
  event: "A state change that the sink of events did not take.",
};

interface Props {
  readonly deadLetter: DeadLetterDetail;
}

export const DeadLetterPage = ({ deadLetter }: Props) => (
  <Page title={`Dead ${deadLetter.kind}`} section="dead-letters" refreshSeconds={10}>
    <div class="title">
      <h1>
        Dead {deadLetter.kind} · <Text text={deadLetter.class} maxLength={60} />
      </h1>
      <WordBadge word={deadLetter.status} />
    </div>
    <p class="muted">{MEANING[deadLetter.kind]}</p>
    {useView().role === "operator" && deadLetter.status === "open" && (
      <DeadLetterActions id={deadLetter.id} />
    )}
    <p class="error box">
      <Text text={deadLetter.error} maxLength={2100} />
    </p>
    <DeadLetterFields deadLetter={deadLetter} />
    {deadLetter.body !== null && (
      <section aria-labelledby="fact">
        <h2 id="fact">The fact</h2>
        <Output label="The fact" text={visible(tail(pretty(deadLetter.body), MAX_BODY_LENGTH))} />
      </section>
    )}
  </Page>
);

const DeadLetterFields = ({ deadLetter }: Props) => {
  const { repository, delivery_id, validation_id, replay_id, closed_at, outcome } = deadLetter;
  return (
    <Fields
      of={[
        ["Dead letter", <Code text={deadLetter.id} />],
        ["Attempts", deadLetter.attempts],
        ["First attempt", <At at={deadLetter.first_at} />],
        ["Died", <At at={deadLetter.died_at} />],
        [
          "Repository",
          repository && (
            <a href={paths.deadLetters({ repo: repository })}>
              <Text text={repository} maxLength={200} />
            </a>
          ),
        ],
        ["Delivery", delivery_id && <CodeLink href={paths.search(delivery_id)} text={delivery_id} />],
        [
          "Validation",
          validation_id && <CodeLink href={paths.validation(validation_id)} text={validation_id} />,
        ],
        [
          "Replay",
          replay_id && <CodeLink href={`${paths.replays()}#${replayAnchor(replay_id)}`} text={replay_id} />,
        ],
        ["Closed", closed_at && <At at={closed_at} />],
        ["Outcome", outcome && <Text text={outcome} maxLength={500} />],
      ]}
    />
  );
};

/** JSON in indented lines; any other text as it is. */
function pretty(body: string): string {
  const value = parseJson(body);
  return value === undefined ? body : JSON.stringify(value, null, 2);
}
