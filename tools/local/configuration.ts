/** Checks the configuration of the local Workers before they start: a Worker only logs its errors, at its first request. */

import { ConfigError } from "@webhook-gateway/shared/config/common.ts";
import { GatewayError } from "../../cli/src/exit.ts";
import { WORKERS } from "../../cli/src/project/project.ts";
import { checkWorkerConfig } from "../../cli/src/project/worker-config.ts";
import { readVariables } from "./local-config.ts";
import type { LocalSettings } from "./settings.ts";

/** @throws GatewayError naming the invalid keys of both Workers, and never a value */
export function requireGoodConfiguration({ variables }: LocalSettings): void {
  const problems: string[] = [];
  for (const worker of WORKERS) {
    try {
      checkWorkerConfig(worker, { ...readVariables(worker), ...variables });
    } catch (thrown) {
      if (!(thrown instanceof ConfigError)) throw thrown;
      problems.push(`${worker}: ${thrown.message}`);
    }
  }
  if (problems.length > 0) throw new GatewayError(problems.join("\nerror: "));
}
