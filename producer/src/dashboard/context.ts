/** What the dashboard's handlers share. */

import type { ProducerConfig } from "@webhook-gateway/shared/config/producer.ts";
import type { Log } from "@webhook-gateway/shared/telemetry/log.ts";
import type { Context } from "hono";
import type { IdentifyByAccess } from "../auth/cloudflare-access.ts";
import type { AccessGuard } from "../auth/rate-limit.ts";
import type { FindHolder } from "../auth/tokens.ts";
import type { DashboardData } from "./data.ts";
import type { View } from "./parts/view.ts";

export interface DashboardDeps {
  readonly config: ProducerConfig;
  readonly findHolder: FindHolder;
  readonly identifyByAccess: IdentifyByAccess;
  readonly data: DashboardData;
  readonly guard: AccessGuard;
  readonly log: Log;
  readonly now: () => Date;
  readonly newId: () => string;
}

export interface DashboardEnv {
  Variables: {
    requestId: string;
    now: Date;
    view: View;
  };
}

export type DashboardContext = Context<DashboardEnv>;
