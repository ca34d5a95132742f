/** What the local Workers are started with, checked before they are: a Worker tells its own log only, once it is used. */
import { ConfigError } from "@webhook-gateway/shared/config/common.ts";
import { WORKERS } from "../../cli/src/project/project.ts";
import { checkWorkerConfig } from "../../cli/src/project/worker-config.ts";
import { readVariables } from "./local-config.ts";
import { type LocalSettings, StartError } from "./settings.ts";

/** @throws StartError naming the keys that are bad, of both Workers, and never a value */
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
  if (problems.length > 0) throw new StartError(problems.join("\nerror: "));
}
