/** `CLOUDFLARE_WORKER_NAME`: which gateway the settings are for. */
import { GatewayError } from "../exit.ts";
import type { WorkerFile } from "./desired-state.ts";
import type { Settings } from "./project.ts";

/**
 * A `.env` that was copied from another project would have that one's account changed.
 * @throws GatewayError where the settings name another Worker than the producer's file
 */
export function checkWorkerName(
  { CLOUDFLARE_WORKER_NAME: named }: Settings,
  { file, script }: WorkerFile,
  environment: string,
): void {
  const base = script.endsWith(`-${environment}`) ? script.slice(0, -environment.length - 1) : script;
  if (named === undefined || named === script || named === base) return;
  throw new GatewayError(
    `CLOUDFLARE_WORKER_NAME is ${named}, and the producer in ${file} is ${base}: are these settings another project's? ` +
      "Set it to the name in the file, or leave it out",
  );
}
