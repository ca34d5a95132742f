import { shareSystem } from "../support/shared-system.ts";

export const MAX_ATTEMPTS = 5;

export const shared = shareSystem({ DISPATCH_MAX_ATTEMPTS: String(MAX_ATTEMPTS) });
