/** A request to an operation, and how an operation is served. */

import type { Operation } from "../openapi/openapi.ts";
import type { Identity } from "./auth.ts";
import type { RateLimits } from "./rate-limit.ts";
import type { Reply } from "./reply.ts";
import type { World } from "./world.ts";

export interface Call {
  readonly world: World;
  readonly operation: Operation;
  readonly identity: Identity;
  readonly limits: RateLimits;
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  /** Valid according to the description. */
  readonly body: unknown;
  /** The URL of this GitHub: URLs in answers start with it. */
  readonly baseUrl: string;
  readonly now: number;
  /** How many entries of the page before it a later page repeats. */
  readonly repeat: number;
}

/** How an operation is served. */
export interface Route {
  /** The credentials that GitHub accepts for it. */
  readonly credentials: readonly Identity["kind"][];
  /** The permission that an installation needs. */
  readonly permission?: readonly [name: string, level: "read" | "write"];
  readonly serve: (call: Call) => Reply;
}

export type Routes = Readonly<Record<string, Route>>;
