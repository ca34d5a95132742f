import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import { onTestFinished } from "vitest";
import { waitFor } from "../../../test/support/patience.ts";

export type Received = {
  path: string;
  headers: IncomingHttpHeaders;
  text: string;
  body: Record<string, unknown>;
};
export type Reply = { status: number; headers?: Record<string, string> };

/** Receives callbacks over HTTP; `reply` decides the answer to each by its number, from 0. */
export async function startReceiver(
  reply: (index: number, received: Received) => Reply = () => ({ status: 200 }),
) {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    let text = "";
    request.setEncoding("utf8");
    request.on("data", (chunk: string) => {
      text += chunk;
    });
    request.on("end", () => {
      const item = { path: request.url ?? "", headers: request.headers, text, body: JSON.parse(text) };
      received.push(item);
      const { status, headers } = reply(received.length - 1, item);
      response.writeHead(status, headers).end();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/hook/capability-token`,
    received,
    statuses: () => received.map((item) => item.body.status),
    waitForStatus: (status: string) =>
      waitFor(`a callback ${status}`, () => received.find((item) => item.body.status === status)),
    waitForCount: (count: number) =>
      waitFor(`${count} callbacks`, () => (received.length >= count ? received : undefined)),
  };
}
