/** The secrets that a Worker has, by their names: nothing gives their values back. */
import * as v from "valibot";
import type { WorkerFile } from "../project/desired-state.ts";
import type { EnvironmentName } from "../project/project.ts";
import { readOutput, type Wrangler, wranglerError } from "./wrangler.ts";

/** @returns null where there is no such Worker yet @throws GatewayError */
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
