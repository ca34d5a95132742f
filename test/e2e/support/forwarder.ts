/** A TCP forwarder: an address that is known before the server behind it has started. */
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

export interface Forwarder {
  readonly url: string;
  /** Forwards every new connection to the port of this URL. */
  forwardTo(url: URL): void;
  close(): Promise<void>;
}

/** Starts a forwarder. It closes every connection until it has something to forward to. */
export async function openForwarder(): Promise<Forwarder> {
  let port: number | undefined;
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    return socket.once("close", () => sockets.delete(socket));
  };
  const server = createServer((client) => {
    if (port === undefined) return void client.destroy();
    const target = keep(connect(port, "127.0.0.1"));
    for (const [from, to] of [
      [keep(client), target],
      [target, client],
    ] as const) {
      from.on("error", () => to.destroy()).once("close", () => to.destroy());
      from.pipe(to);
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    forwardTo: (url) => {
      port = Number(url.port);
    },
    async close() {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
