/** A Grainchain that accepts everything at once and never calls back. It notes when it heard of each validation. */
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

interface TriggerBatch {
  readonly requests: readonly { readonly client_request_id: string }[];
}

export interface AcceptingGrainchain {
  readonly url: string;
  /** By validation id, when it was first triggered, as `performance.now()` counts. */
  readonly triggeredAt: ReadonlyMap<string, number>;
  /** Calls of `trigger-batch`. */
  readonly calls: () => number;
  close(): void;
}

export async function startAcceptingGrainchain(): Promise<AcceptingGrainchain> {
  const triggeredAt = new Map<string, number>();
  let calls = 0;
  const accept = async (request: IncomingMessage): Promise<unknown> => {
    const { requests } = JSON.parse(await text(request)) as TriggerBatch;
    const now = performance.now();
    calls += 1;
    const results = requests.map(({ client_request_id: id }) => {
      if (!triggeredAt.has(id)) triggeredAt.set(id, now);
      return {
        client_request_id: id,
        success: true,
        message: "",
        validation_id: `g-${id}`,
        status: "running",
      };
    });
    return { results };
  };
  const server = createServer(async (request, response) => {
    const batch = request.method === "POST" && request.url?.endsWith("/trigger-batch") === true;
    const answer = batch ? await accept(request) : { status: "ok" };
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${port}`, triggeredAt, calls: () => calls, close };
}
