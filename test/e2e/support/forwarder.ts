/** An address that is known before what answers there has started. */
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

export interface Door {
  readonly url: string;
  /** Whoever knocks from now on is led there. */
  leadTo(url: URL): void;
  close(): Promise<void>;
}

/** Opens a door. Until it leads somewhere, every connection is broken. */
export async function openDoor(): Promise<Door> {
  let port: number | undefined;
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    return socket.once("close", () => sockets.delete(socket));
  };
  const server = createServer((outside) => {
    if (port === undefined) return void outside.destroy();
    const inside = keep(connect(port, "127.0.0.1"));
    for (const [from, to] of [
      [keep(outside), inside],
      [inside, outside],
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
    leadTo: (url) => {
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
