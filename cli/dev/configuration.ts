/** What the local Workers are started with, checked before they are: a Worker tells its own log only, once it is used. */
import { ConfigError } from "@webhook-gateway/shared/config.ts";
import { WORKERS } from "../src/provision/project.ts";
import { readWorkerFile } from "../src/provision/wanted.ts";
import { checkWorkerConfig } from "../src/provision/worker-config.ts";
import { type LocalSettings, ROOT, StartError } from "./settings.ts";

/** @throws StartError naming the keys that are bad, of both Workers, and never a value */
export async function requireGoodConfiguration({ variables }: LocalSettings): Promise<void> {
  const problems: string[] = [];
  for (const worker of WORKERS) {
    const { vars } = await readWorkerFile(ROOT, worker, "development");
    try {
      checkWorkerConfig(worker, { ...vars, ...variables });
    } catch (thrown) {
      if (!(thrown instanceof ConfigError)) throw thrown;
      problems.push(`${worker}: ${thrown.message}`);
    }
  }
  if (problems.length > 0) throw new StartError(problems.join("\nerror: "));
}
