import { shareSystem } from "../support/shared-system.ts";

export const shared = shareSystem({
  GRAINCHAIN_REQUEST_TIMEOUT_MS: "1000",
  GRAINCHAIN_MAX_CONCURRENT: "20",
  DISPATCH_MAX_ATTEMPTS: "100",
});
