/** What the local Workers are started with, checked before they are: a Worker tells its own log only, once it is used. */
import { ConfigError } from "@webhook-gateway/shared/config.ts";
import { readConsumerConfig } from "../../consumer/src/config.ts";
import { readProducerConfig } from "../../producer/src/config.ts";
import { readWorkerFile } from "../src/provision/wanted.ts";
import { type LocalSettings, ROOT, StartError } from "./settings.ts";

const READERS = { producer: readProducerConfig, consumer: readConsumerConfig } as const;

/** @throws StartError naming the keys that are bad, of both Workers, and never a value */
export async function requireGoodConfiguration({ variables }: LocalSettings): Promise<void> {
  const problems: string[] = [];
  for (const worker of ["producer", "consumer"] as const) {
    const { vars } = await readWorkerFile(ROOT, worker, "development");
    try {
      READERS[worker]({ ...vars, ...variables });
    } catch (thrown) {
      if (!(thrown instanceof ConfigError)) throw thrown;
      problems.push(`${worker}: ${thrown.message}`);
    }
  }
  if (problems.length > 0) throw new StartError(problems.join("\nerror: "));
}
