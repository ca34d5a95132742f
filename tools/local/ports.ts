import { createServer } from "node:net";
import { GatewayError } from "../../cli/src/exit.ts";

/**
 * Makes sure that a program can listen on the port, on every loopback address of the machine.
 * @throws GatewayError naming the port and the variable that changes it
 */
export async function requireFreePort(port: number, variable: string): Promise<void> {
  for (const host of ["127.0.0.1", "::1"]) {
    const problem = portProblem(port, variable, await tryListen(port, host));
    if (problem !== undefined) throw new GatewayError(problem);
  }
  if (await isRefusedByClients(port)) {
    throw new GatewayError(`browsers refuse port ${port}; set ${variable} to another one`);
  }
}

/** Some ports belong to other protocols: `fetch` never connects to them. */
async function isRefusedByClients(port: number): Promise<boolean> {
  const thrown: unknown = await fetch(`http://127.0.0.1:${port}`).catch((error: unknown) => error);
  return thrown instanceof Error && thrown.cause instanceof Error && thrown.cause.message === "bad port";
}

/** What an error code means; undefined if there was no error, or the machine has no IPv6. */
export function portProblem(port: number, variable: string, code: string | undefined): string | undefined {
  if (code === undefined || code === "EADDRNOTAVAIL" || code === "EAFNOSUPPORT") return undefined;
  const what = code === "EADDRINUSE" ? "is taken" : `cannot be used (${code})`;
  return `port ${port} ${what}; set ${variable} to another one`;
}

/** @returns the code of the error; undefined if there was none */
function tryListen(port: number, host: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? "unknown"));
    server.listen(port, host, () => server.close(() => resolve(undefined)));
  });
}
