import { once } from "node:events";
import type { Server } from "node:http";
import { createAdaptorServer } from "@hono/node-server";
import type { Hono } from "hono";

const LOOPBACK_V4 = "127.0.0.1";
const LOOPBACK_V6 = "::1";

/** Servers that listen, or the code of why the address cannot be had (EADDRINUSE, EACCES…). */
export type Listening =
  | { kind: "listening"; port: number; close: () => Promise<void> }
  | { kind: "refused"; code: string };

/** Tells whether only programs of this machine can reach a host. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === LOOPBACK_V6 || /^127(\.\d{1,3}){3}$/.test(host);
}

/** Listens on a host. With 127.0.0.1 also on ::1 where that is free, for clients that resolve `localhost` so. */
export async function listen(app: Hono, host: string, port: number): Promise<Listening> {
  const first = await listenOn(app, host, port);
  if (first.kind === "refused") return first;
  if (host !== LOOPBACK_V4) return first;
  const second = await listenOn(app, LOOPBACK_V6, first.port);
  if (second.kind === "refused") return first;
  return {
    ...first,
    close: async () => {
      await Promise.all([first.close(), second.close()]);
    },
  };
}

async function listenOn(app: Hono, host: string, port: number): Promise<Listening> {
  const server = createAdaptorServer({ fetch: app.fetch });
  server.listen(port, host);
  try {
    await once(server, "listening");
  } catch (error) {
    return {
      kind: "refused",
      code: error instanceof Error && "code" in error ? String(error.code) : "unknown",
    };
  }
  const address = server.address();
  const boundPort = typeof address === "object" && address !== null ? address.port : port;
  return { kind: "listening", port: boundPort, close: () => closeServer(server) };
}

/** Stops accepting; requests still being answered get a moment, idle connections do not. */
async function closeServer(server: ReturnType<typeof createAdaptorServer>): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  if (isHttpServer(server)) {
    server.closeIdleConnections();
    setTimeout(() => server.closeAllConnections(), 500).unref();
  }
  await closed;
}

function isHttpServer(server: object): server is Server {
  return "closeAllConnections" in server;
}
