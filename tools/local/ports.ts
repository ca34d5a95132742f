import { createServer } from "node:net";
import { StartError } from "./settings.ts";

/**
 * Makes sure that a port can be listened on, on every loopback address that the machine has.
 * @throws StartError naming the port and the variable that changes it
 */
export async function requireFreePort(port: number, variable: string): Promise<void> {
  for (const host of ["127.0.0.1", "::1"]) {
    const problem = portProblem(port, variable, await tryListen(port, host));
    if (problem !== undefined) throw new StartError(problem);
  }
  if (await isRefusedByClients(port)) {
    throw new StartError(`port ${port} is one that browsers refuse; set ${variable} to another one`);
  }
}

/** Some ports belong to other protocols: `fetch` asks there for nothing, whoever listens. */
async function isRefusedByClients(port: number): Promise<boolean> {
  const thrown: unknown = await fetch(`http://127.0.0.1:${port}`).catch((error: unknown) => error);
  return thrown instanceof Error && thrown.cause instanceof Error && thrown.cause.message === "bad port";
}

/** What the code of an error means; undefined where it went well, or a machine without IPv6 has no such address. */
export function portProblem(port: number, variable: string, code: string | undefined): string | undefined {
  if (code === undefined || code === "EADDRNOTAVAIL" || code === "EAFNOSUPPORT") return undefined;
  const what = code === "EADDRINUSE" ? "is taken" : `cannot be listened on (${code})`;
  return `port ${port} ${what}; set ${variable} to another one`;
}

/** @returns the error's code; undefined where it went well */
function tryListen(port: number, host: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? "unknown"));
    server.listen(port, host, () => server.close(() => resolve(undefined)));
  });
}
