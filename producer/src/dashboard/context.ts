/** What the dashboard's handlers share. */
import type { Log } from "@webhook-gateway/shared/log.ts";
import type { Context } from "hono";
import type { ProducerConfig } from "../config.ts";
import type { RateLimit } from "../rate-limit.ts";
import type { DashboardData } from "./data.ts";
import type { View } from "./view.ts";
import type { Visitor } from "./visitor.ts";

export interface DashboardDeps {
  readonly config: ProducerConfig;
  readonly data: DashboardData;
  /** Counts wrong passwords; the right one is never limited. */
  readonly failedSignatures: RateLimit;
  readonly log: Log;
  readonly now: () => Date;
  readonly newId: () => string;
}

export interface DashboardEnv {
  Variables: {
    requestId: string;
    visitor: Visitor;
    view: View;
  };
}

export type DashboardContext = Context<DashboardEnv>;
