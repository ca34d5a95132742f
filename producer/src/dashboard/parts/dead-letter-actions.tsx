/** Buttons to replay or discard dead letters. They lead to a page that asks for confirmation. */
import type { Child } from "hono/jsx";
import { BASE } from "./link.ts";

export const CONFIRM_PATH = `${BASE}/dead-letters/confirm`;

interface Props {
  /** The filters of the list. */
  readonly filter: Readonly<Record<string, string>>;
  /** The list with its checkboxes. */
  readonly children: Child;
}

export const DeadLetterListActions = ({ filter, children }: Props) => {
  const all = Object.keys(filter).length === 0 ? "all that are open" : "all that match";
  return (
    <form method="post" action={CONFIRM_PATH} class="dead-letters">
      <input type="hidden" name="filter" value={JSON.stringify(filter)} />
      {children}
      <label class="select-all" hidden>
        <input type="checkbox" data-select-all /> Select all on this page
      </label>
      <fieldset class="actions" aria-label="Actions on dead letters">
        <button name="do" value="replay-selected" type="submit">
          Replay selected…
        </button>
        <button name="do" value="discard-selected" type="submit">
          Discard selected…
        </button>
        <span class="gap" />
        <button name="do" value="replay-matching" type="submit">
          Replay {all}…
        </button>
        <button name="do" value="discard-matching" type="submit">
          Discard {all}…
        </button>
      </fieldset>
    </form>
  );
};

/** The same for one dead letter. */
export const DeadLetterActions = ({ id }: { readonly id: string }) => (
  <form method="post" action={CONFIRM_PATH} class="actions">
    <input type="hidden" name="id" value={id} />
    <button name="do" value="replay-selected" type="submit">
      Replay…
    </button>
    <button name="do" value="discard-selected" type="submit">
      Discard…
    </button>
  </form>
);
