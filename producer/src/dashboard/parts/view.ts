/** What every page needs to be rendered. Its parts ask for it, so that nobody passes it on. */
import type { Role } from "../../auth/caller.ts";
import type { ListPage } from "../data.ts";

export interface View {
  readonly role: Role;
  /** Who is signed in: `operator:alice`. */
  readonly actor: string;
  readonly signOut: SignOut;
  readonly environment: string;
  /** What has just been done, if a form led to the page. */
  readonly notice?: string;
}

/** How to sign out: `nothing` if a token is sent with each request. */
export type SignOut = "session" | "access" | "nothing";

interface Rendering {
  readonly now?: Date;
  readonly view?: View;
}

/** Of the page that is being rendered. Nothing else runs meanwhile: no part of a page is asynchronous. */
let rendering: Rendering = {};

/**
 * Renders a page whose parts can ask for the view. Hono's contexts do the same, and would add 40 KiB to the Worker.
 * @throws if a part asks for what there is not
 */
export function render(page: { toString(): string }, about: Rendering): string {
  rendering = about;
  try {
    return page.toString();
  } finally {
    rendering = {};
  }
}

/** Only for pages that are shown to somebody who is signed in. */
export const useView = (): View => required(rendering.view);

/** The time of the request: other times are shown relative to it. */
export const useNow = (): Date => required(rendering.now);

function required<Value>(value: Value | undefined): Value {
  if (value !== undefined) return value;
  throw new Error("this page is rendered without what its parts ask for");
}

/** What the page of a list needs. */
export interface ListProps<Item> {
  readonly list: ListPage<Item>;
  /** The filters that are set, by name. */
  readonly filter: Readonly<Record<string, string>>;
}
