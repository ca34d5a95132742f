import { once } from "node:events";
import { createServer } from "node:http";
import { getRequestListener } from "@hono/node-server";
import type { Hono } from "hono";
import { errorCode } from "../error-code.ts";

const LOOPBACK_V4 = "127.0.0.1";
const LOOPBACK_V6 = "::1";
const CLOSE_GRACE_MS = 500;

export type Listening = { port: number; close: () => Promise<void> };

/** The address cannot be listened on; `code` is the system's, or REMOTE_HOST for a host that is not allowed. */
export class ListenError extends Error {
  override readonly name = "ListenError";
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** Whether only programs on this machine can reach a host. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === LOOPBACK_V6 || /^127(\.\d{1,3}){3}$/.test(host);
}

/**
 * Listens on a host; for 127.0.0.1 also on ::1 if that is free, for clients that resolve `localhost` to it.
 * @throws {ListenError}
 */
export async function listen(app: Hono, host: string, port: number): Promise<Listening> {
  const first = await listenOn(app, host, port);
  if (host !== LOOPBACK_V4) return first;
  const second = await listenOn(app, LOOPBACK_V6, first.port).catch(() => undefined);
  return {
    port: first.port,
    close: async () => {
      await Promise.all([first.close(), second?.close()]);
    },
  };
}

async function listenOn(app: Hono, host: string, port: number): Promise<Listening> {
  const server = createServer(getRequestListener(app.fetch));
  server.listen(port, host);
  try {
    await once(server, "listening");
  } catch (error) {
    const code = errorCode(error);
    throw new ListenError(code, describeRefusal(code, host, port));
  }
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : port,
    /** Requests that are being answered get a moment to end, idle connections do not. */
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeIdleConnections();
      setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS).unref();
      await closed;
    },
  };
}

function describeRefusal(code: string, host: string, port: number): string {
  if (code === "EADDRINUSE") return `port ${port} on ${host} is used by another program`;
  if (code === "EACCES") return `this user may not use port ${port} on ${host}`;
  return `cannot listen on ${host}, port ${port}: ${code}`;
}
