/** `.dev.vars`: the secrets of this machine's gateway. */
import { makeSecret, RANDOM_SECRETS } from "./secret-names.ts";

export const DEV_VARS = ".dev.vars";
export const DEV_VARS_HEADER = "The secrets of this machine's gateway.";

/** What a new one holds. */
export const newDevVars = (): Record<string, string> =>
  Object.fromEntries(RANDOM_SECRETS.map((name) => [name, makeSecret()]));
