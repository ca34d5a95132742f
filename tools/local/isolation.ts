/** Where the steps of the embedded Grainchain run, in words. */
import * as v from "valibot";

const health = v.object({ provider: v.string(), isolation: v.string() });

/** What Grainchain's health says of it. */
export type Isolation = v.InferOutput<typeof health>;

export async function readIsolation(grainchainUrl: string): Promise<Isolation> {
  const response = await fetch(`${grainchainUrl}/health`);
  return v.parse(health, await response.json());
}

/** A warning if steps run without isolation. */
export const isolationWarning = ({ provider, isolation }: Isolation): string | undefined =>
  provider === "local" && isolation === "none"
    ? "warning: steps run as your user, without isolation, so run only your own code; changes from forks fail unless they are approved (npm run grainchain -- --check says why)"
    : undefined;

export function describeIsolation({ provider, isolation }: Isolation): string {
  if (provider !== "local") return `its steps run in a sandbox of ${provider}`;
  return isolation === "none"
    ? "its steps run as your user, without isolation"
    : `its steps are isolated by ${isolation}`;
}
