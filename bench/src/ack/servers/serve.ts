/** What every Node contender has in common: it listens on a free port, says which, and ends with its parent. */
import { writeSync } from "node:fs";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { CONTROL_FD } from "../server.ts";

/** The secret that deliveries are signed with, from the environment. */
export const SECRET = process.env.WEBHOOK_SECRET ?? "";

export function serve(server: Server): void {
  process.stdin.on("end", () => process.exit(0)).resume();
  server.listen(0, "127.0.0.1", () => {
    const { port } = server.address() as AddressInfo;
    writeSync(CONTROL_FD, `${JSON.stringify({ event: "listen", port })}\n`);
  });
}
