/** What every page is made with. */
import type { Role } from "../../auth/access.ts";

export interface View {
  /** Of the request: times are told relative to it. */
  readonly now: Date;
  readonly role: Role;
  readonly environment: string;
  /** What has just been ordered, where a form leads to the page. */
  readonly notice?: string;
}
