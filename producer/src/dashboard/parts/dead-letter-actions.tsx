/** Buttons that lead from dead letters to the page that asks whether to replay or discard them. */
import type { Child } from "hono/jsx";
import { BASE } from "./link.ts";

/** Where the question is asked. */
export const CONFIRM_PATH = `${BASE}/dead-letters/confirm`;

interface Props {
  /** What the list was narrowed to. */
  readonly filter: Readonly<Record<string, string>>;
  /** The list, with its boxes. */
  readonly children: Child;
}

export const LetterOrders = ({ filter, children }: Props) => {
  const all = Object.keys(filter).length === 0 ? "all that are open" : "all that match";
  return (
    <form method="post" action={CONFIRM_PATH} class="letters">
      <input type="hidden" name="filter" value={JSON.stringify(filter)} />
      {children}
      <label class="select-all" hidden>
        <input type="checkbox" data-select-all /> Select all on this page
      </label>
      <fieldset class="orders" aria-label="What to do with dead letters">
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

/** The same for one letter. */
export const LetterOrder = ({ id }: { readonly id: string }) => (
  <form method="post" action={CONFIRM_PATH} class="orders">
    <input type="hidden" name="id" value={id} />
    <button name="do" value="replay-selected" type="submit">
      Replay…
    </button>
    <button name="do" value="discard-selected" type="submit">
      Discard…
    </button>
  </form>
);
