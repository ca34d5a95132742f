/** A gateway's ingress that answers with one status, and keeps what it was sent. */
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { onTestFinished } from "vitest";

export interface Received {
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** Starts it; it ends with the test. */
export async function startIngress(status = 202) {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    received.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
    response.writeHead(status, { "content-type": "application/json" }).end('{"success":true}');
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  return { url: `http://127.0.0.1:${port}`, received };
}
