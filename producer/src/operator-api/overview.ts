import type { Overview } from "@webhook-gateway/shared/api/overview.ts";
import { loadOverview } from "@webhook-gateway/shared/store/read/overview.ts";
import { VERSION } from "@webhook-gateway/shared/version.ts";

export async function readOverview(deps: {
  readonly db: D1Database;
  readonly environment: string;
  readonly now: () => Date;
}): Promise<Overview> {
  const now = deps.now();
  return {
    service: "webhook-gateway",
    version: VERSION,
    environment: deps.environment,
    timestamp: now.toISOString(),
    ...(await loadOverview(deps.db, now)),
  };
}
