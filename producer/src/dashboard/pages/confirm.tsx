/** Asks for confirmation before dead letters are replayed or discarded, and for the rate and the reason. */
import type { DeadLetterPreview, DeadLetterScope } from "@webhook-gateway/shared/api/dead-letter.ts";
import { DEFAULT_RATE, MAX_RATE } from "@webhook-gateway/shared/api/replay.ts";
import { DeadLetterTable } from "../parts/dead-letter-table.tsx";
import { Page } from "../parts/layout.tsx";
import { BASE, paths } from "../parts/link.ts";

export type DeadLetterAction = "replay" | "discard";

interface Props {
  readonly action: DeadLetterAction;
  readonly scope: DeadLetterScope;
  readonly preview: DeadLetterPreview;
}

const WORDS = {
  replay: {
    verb: "Replay",
    meaning:
      "Each dead letter is processed once more, behind live work, with its original delivery GUID. You can stop the replay at any time; the dead letters that it has not reached are then open again.",
  },
  discard: {
    verb: "Discard",
    meaning:
      "They are closed without being processed again. They stay in the list of discarded dead letters and cannot be replayed.",
  },
} as const satisfies Record<DeadLetterAction, unknown>;

export const ConfirmPage = ({ action, scope, preview }: Props) => {
  const { verb, meaning } = WORDS[action];
  const { total, sample } = preview;
  const deadLetters = total === 1 ? "1 dead letter" : `${total} dead letters`;
  return (
    <Page title={`${verb} ${deadLetters}?`} section="dead-letters">
      <h1>
        {verb} {deadLetters}?
      </h1>
      {total === 0 ? (
        <p class="empty">
          No open dead letter matches. They may have been replayed in the meantime.{" "}
          <a href={paths.deadLetters()}>Back to the list</a>
        </p>
      ) : (
        <>
          <p>{meaning}</p>
          <ConfirmForm action={action} scope={scope} submit={`${verb} ${deadLetters}`} />
          <section aria-labelledby="sample">
            <h2 id="sample">
              {sample.length < total ? `The first ${sample.length} of ${total}` : "Dead letters"}
            </h2>
            <DeadLetterTable caption="A sample of the dead letters" items={sample} empty="No sample." />
          </section>
        </>
      )}
    </Page>
  );
};

const ConfirmForm = (props: {
  readonly action: DeadLetterAction;
  readonly scope: DeadLetterScope;
  readonly submit: string;
}) => (
  <form method="post" action={`${BASE}/dead-letters/${props.action}`} class="confirm">
    <input type="hidden" name="scope" value={JSON.stringify(props.scope)} />
    <label>
      <span>Reason, for the record</span>
      <input name="reason" type="text" maxlength={500} autocomplete="off" />
    </label>
    {props.action === "replay" && (
      <label>
        <span>Dead letters per minute</span>
        <input name="rate" type="number" min={1} max={MAX_RATE} value={DEFAULT_RATE} required />
      </label>
    )}
    <div class="buttons">
      <button type="submit" class={props.action === "discard" ? "danger" : "primary"}>
        {props.submit}
      </button>
      <a href={paths.deadLetters()}>Cancel</a>
    </div>
  </form>
);
