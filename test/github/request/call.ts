/** One request that an operation serves, and what an operation is. */

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
  /** Valid by the description. */
  readonly body: unknown;
  /** Where this GitHub is: the addresses in answers begin with it. */
  readonly baseUrl: string;
  readonly now: number;
  /** How many entries a later page repeats of the page before it. */
  readonly repeat: number;
}

/** How an operation is served. */
export interface Route {
  /** Whose credentials GitHub takes for it. */
  readonly credentials: readonly Identity["kind"][];
  /** What an installation must have been given. */
  readonly permission?: readonly [name: string, level: "read" | "write"];
  readonly serve: (call: Call) => Reply;
}

export type Routes = Readonly<Record<string, Route>>;
