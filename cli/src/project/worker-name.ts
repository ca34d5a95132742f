/** `CLOUDFLARE_WORKER_NAME`: the gateway that the settings are for. */
import { GatewayError } from "../exit.ts";
import type { Settings } from "./project.ts";
import type { WorkerFile } from "./worker-file.ts";

/**
 * Makes sure that a `.env` copied from another project does not change that project's account.
 * @throws GatewayError if the settings name another Worker than the producer's file
 */
export function checkWorkerName(
  { CLOUDFLARE_WORKER_NAME: named }: Settings,
  { file, script }: WorkerFile,
  environment: string,
): void {
  const base = script.endsWith(`-${environment}`) ? script.slice(0, -environment.length - 1) : script;
  if (named === undefined || named === script || named === base) return;
  throw new GatewayError(
    `CLOUDFLARE_WORKER_NAME is ${named}, but the producer in ${file} is ${base}: are these settings from another ` +
      "project? Set it to the name in the file, or remove it",
  );
}
