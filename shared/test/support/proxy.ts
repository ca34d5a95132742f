/** Servers that keep what they are asked for: one is a proxy, the other what must be reached without it. */
import { once } from "node:events";
import { createServer } from "node:http";
import { onTestFinished } from "vitest";

/** A server of this machine. */
export interface Asked {
  readonly port: number;
  /** What it was asked for: a proxy by whole addresses, or by `host:port` for a tunnel. */
  readonly urls: string[];
}

/**
 * Starts a server that answers 404 to everything, a tunnel too. It ends with the test.
 * @param host the only address it listens on
 */
export async function startAsked(host = "127.0.0.1", port = 0): Promise<Asked> {
  const urls: string[] = [];
  const server = createServer((request, response) => {
    urls.push(request.url ?? "");
    response.writeHead(404).end();
  });
  server.on("connect", (request, socket) => {
    urls.push(request.url ?? "");
    socket.end("HTTP/1.1 404 Not Found\r\n\r\n");
  });
  server.listen(port, host);
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return { port: address.port, urls };
}

/** Every variable that names a proxy, in both cases, without exemptions, and Node's own that has it use them. */
export const proxyVariables = (port: number): Record<string, string> => ({
  ...Object.fromEntries(
    ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"].flatMap((name) =>
      [name, name.toLowerCase()].map((each) => [each, `http://127.0.0.1:${port}`]),
    ),
  ),
  NO_PROXY: "",
  no_proxy: "",
  NODE_USE_ENV_PROXY: "1",
});
