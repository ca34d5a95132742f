import { once } from "node:events";
import { createServer } from "node:net";

/** Below those that systems give to whatever asks for any port: a test that starts again needs its port once more. */
const PORTS = { from: 15_000, to: 32_000 };

/** A port that is free, and that no system hands out by itself. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = PORTS.from + Math.floor(Math.random() * (PORTS.to - PORTS.from));
    const server = createServer().listen(port, "127.0.0.1");
    try {
      await once(server, "listening");
    } catch {
      continue;
    }
    server.close();
    await once(server, "close");
    return port;
  }
}
