/** The names of the secrets that a Worker has. Cloudflare does not give their values back. */
import * as v from "valibot";
import type { EnvironmentName } from "../project/project.ts";
import type { WorkerFile } from "../project/worker-file.ts";
import { readOutput, type Wrangler, wranglerError } from "./wrangler.ts";

/** @returns null if the Worker does not exist yet @throws GatewayError */
export async function listSecrets(
  wrangler: Wrangler,
  { file }: WorkerFile,
  environment: EnvironmentName,
  signal?: AbortSignal,
): Promise<readonly string[] | null> {
  const args = ["secret", "list", "--format", "json", "-c", file, "--env", environment];
  const run = await wrangler(args, signal && { signal });
  if (run.code === 0) {
    return readOutput(v.array(v.object({ name: v.string() })), run.stdout, "secret list").map(
      ({ name }) => name,
    );
  }
  if (/^Worker "[^"]*"[^.]* not found\./.test(run.problem)) return null;
  throw wranglerError(args, run);
}
