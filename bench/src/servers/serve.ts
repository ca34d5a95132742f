/** What every Node contender has in common: it listens on a free port, says which, and ends with its parent. */
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";

/** The secret that deliveries are signed with, from the environment. */
export const SECRET = process.env.WEBHOOK_SECRET ?? "";

/** Listens, and writes `ready <port>` to standard output. */
export function serve(server: Server): void {
  server.listen(0, "127.0.0.1", () => {
    console.log(`ready ${(server.address() as AddressInfo).port}`);
  });
}

/** Says why it cannot run on this machine, for the report, and ends. */
export function leaveOut(reason: string): never {
  console.log(`left out: ${reason}`);
  process.exit(0);
}

/** Runs at the end: asked to end, or the parent is gone. */
export function atEnd(end: () => Promise<void> | void): void {
  let ending = false;
  const once = async () => {
    if (ending) return;
    ending = true;
    await end();
    process.exit(0);
  };
  process.on("SIGTERM", () => void once());
  process.stdin.on("end", () => void once()).resume();
}
