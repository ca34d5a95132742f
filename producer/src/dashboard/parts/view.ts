/** What every page needs to be rendered. */
import type { Role } from "../../auth/access.ts";

export interface View {
  /** The time of the request: other times are shown relative to it. */
  readonly now: Date;
  readonly role: Role;
  readonly environment: string;
  /** What has just been done, if a form led to the page. */
  readonly notice?: string;
}
