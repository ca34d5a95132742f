import { shareSystem } from "../support/shared-system.ts";

export const MAX_ATTEMPTS = 5;
export const MAX_CONCURRENT = 10;

export const shared = shareSystem({
  DISPATCH_MAX_ATTEMPTS: String(MAX_ATTEMPTS),
  GRAINCHAIN_MAX_CONCURRENT: String(MAX_CONCURRENT),
});
