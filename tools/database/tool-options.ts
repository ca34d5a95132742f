/** The options of the small tools that look at D1. */
import type { ParseArgsOptionsConfig } from "node:util";

const where = {
  env: { type: "string", default: "development" },
  remote: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const satisfies ParseArgsOptionsConfig;

/** Of `pnpm d1 "<SQL>"`. */
export const D1_OPTIONS = {
  ...where,
  json: { type: "boolean", default: false },
} as const satisfies ParseArgsOptionsConfig;

/** Of `pnpm invariants`. */
export const INVARIANTS_OPTIONS = {
  ...where,
  "keep-superseded": { type: "boolean", default: false },
} as const satisfies ParseArgsOptionsConfig;
