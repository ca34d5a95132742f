/** A Grainchain that accepts everything at once and never calls back. It notes when it heard of each validation. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";

interface TriggerBatch {
  readonly requests: readonly { readonly client_request_id: string }[];
}

export async function startAcceptingGrainchain() {
  /** By validation id, when it was first triggered, as `performance.now()` counts; in the order of the times. */
  const triggeredAt = new Map<string, number>();
  let calls = 0;
  const accept = ({ requests }: TriggerBatch) => {
    calls += 1;
    const results = requests.map(({ client_request_id: id }) => {
      if (!triggeredAt.has(id)) triggeredAt.set(id, performance.now());
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
    const answer = batch ? accept((await json(request)) as TriggerBatch) : { status: "ok" };
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
