/** What every page needs to be rendered. */
import type { Role } from "../../auth/caller.ts";
import type { ListPage } from "../data.ts";

export interface View {
  /** The time of the request: other times are shown relative to it. */
  readonly now: Date;
  readonly role: Role;
  /** Who is signed in: `operator:alice`. */
  readonly actor: string;
  readonly signOut: SignOut;
  readonly environment: string;
  /** What has just been done, if a form led to the page. */
  readonly notice?: string;
}

/** How to sign out: `nothing` is there to do for whoever sends a token with each request. */
export type SignOut = "session" | "access" | "nothing";

/** What the page of a list needs. */
export interface ListProps<Item> {
  readonly view: View;
  readonly list: ListPage<Item>;
  /** The filters that are set, by name. */
  readonly filter: Readonly<Record<string, string>>;
}
