/** Asks whether dead letters are to be replayed or discarded: how many, which, at what rate, and why. */
import type { DeadLetterPreview, DeadLetterScope } from "@webhook-gateway/shared/api/dead-letter.ts";
import { DEFAULT_RATE, MAX_RATE, type ReplayItem } from "@webhook-gateway/shared/api/replay.ts";
import { LetterTable } from "../parts/dead-letter-table.tsx";
import { Page } from "../parts/layout.tsx";
import { BASE, paths } from "../parts/link.ts";
import type { View } from "../parts/view.ts";

/** How an order is called for. */
export type LetterAction = ReplayItem["action"];

interface Props {
  readonly view: View;
  readonly action: LetterAction;
  readonly scope: DeadLetterScope;
  readonly preview: DeadLetterPreview;
}

const WORDS = {
  replay: {
    verb: "Replay",
    meaning:
      "Each is done again once, behind live work, under its original delivery GUID. A replay can be cancelled on the way; what it has not come to is open again.",
  },
  discard: {
    verb: "Discard",
    meaning:
      "They are closed without being done again. They stay in the list of discarded letters, and cannot be replayed.",
  },
} as const satisfies Record<LetterAction, unknown>;

export const ConfirmPage = ({ view, action, scope, preview }: Props) => {
  const { verb, meaning } = WORDS[action];
  const { total, sample } = preview;
  const letters = total === 1 ? "1 dead letter" : `${total} dead letters`;
  return (
    <Page view={view} title={`${verb} ${letters}?`} place="dead-letters">
      <h1>
        {verb} {letters}?
      </h1>
      {total === 0 ? (
        <p class="empty">
          Nothing that is open matches: it may have been replayed meanwhile.{" "}
          <a href={paths.deadLetters()}>Back to the list</a>
        </p>
      ) : (
        <>
          <p>{meaning}</p>
          <OrderForm action={action} scope={scope} submit={`${verb} ${letters}`} />
          <section aria-labelledby="sample">
            <h2 id="sample">{sample.length < total ? `The first ${sample.length} of ${total}` : "Which"}</h2>
            <LetterTable view={view} caption="A sample of the letters" items={sample} empty="No sample." />
          </section>
        </>
      )}
    </Page>
  );
};

const OrderForm = (props: {
  readonly action: LetterAction;
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
        <span>Letters a minute</span>
        <input name="rate" type="number" min={1} max={MAX_RATE} value={DEFAULT_RATE} required />
      </label>
    )}
    <div class="buttons">
      <button type="submit" class={props.action === "discard" ? "danger" : "primary"}>
        {props.submit}
      </button>
      <a href={paths.deadLetters()}>Back without doing anything</a>
    </div>
  </form>
);
