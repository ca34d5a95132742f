import { createServer } from "node:net";
import { StartError } from "./settings.ts";

/**
 * Makes sure that a port can be listened on, on every loopback address that the machine has.
 * @throws StartError naming the port and the variable that changes it
 */
export async function requireFreePort(port: number, variable: string): Promise<void> {
  for (const host of ["127.0.0.1", "::1"]) {
    if ((await tryListen(port, host)) === "EADDRINUSE") {
      throw new StartError(`port ${port} is taken; set ${variable} to another one`);
    }
  }
}

/** @returns the error's code; undefined where it went well */
function tryListen(port: number, host: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? "unknown"));
    server.listen(port, host, () => server.close(() => resolve(undefined)));
  });
}
