/** Daytona's API, and the toolbox of each sandbox, as its SDK calls them. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import { fileOf, json } from "./e2b-double.ts";
import type { Machine, Machines } from "./machines.ts";

export const DAYTONA_KEY = "dtn_0123456789";

interface CreateBody {
  readonly labels?: Record<string, string>;
  readonly ttlMinutes?: number;
  readonly networkBlockAll?: boolean;
}

export async function answerAsDaytona(
  machines: Machines,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? "/", `http://${request.headers.host}`);
  const body = await buffer(request);
  if (request.headers.authorization !== `Bearer ${DAYTONA_KEY}`)
    return json(response, 401, {
      statusCode: 401,
      message: `Unauthorized: ${request.headers.authorization}`,
    });
  const [, area, id = "", ...rest] = url.pathname.split("/");
  if (area === "toolbox")
    return answerToolbox(machines, request, { id, path: rest.join("/"), body }, response);
  const describe = (machine: Machine) => describeMachine(machine, `${url.origin}/toolbox`);
  if (id === "" && request.method === "POST") {
    const { labels = {}, ttlMinutes = 0, networkBlockAll = false }: CreateBody = JSON.parse(body.toString());
    const created = { labels, network: !networkBlockAll, lifetimeSeconds: ttlMinutes * 60 };
    const machine = machines.create(created);
    if (machines.losesAnswer()) response.destroy();
    else json(response, 200, describe(machine));
    return;
  }
  if (id === "") {
    const wanted = Object.entries(JSON.parse(url.searchParams.get("labels") ?? "{}"));
    const found = machines
      .open()
      .filter(({ labels }) => wanted.every(([name, value]) => labels[name] === value));
    return json(response, 200, { items: found.map(describe), nextCursor: null });
  }
  const machine = machines.find(id);
  if (machine === undefined) return json(response, 404, { statusCode: 404, message: "no such sandbox" });
  if (request.method !== "DELETE") return json(response, 200, describe(machine));
  if (!machines.close(machine)) return json(response, 500, { statusCode: 500, message: "not now" });
  json(response, 200, { ...describe(machine), state: "destroying" });
}

const describeMachine = ({ id, labels }: Machine, toolboxProxyUrl: string) => ({
  ...{ id, name: id, organizationId: "o", target: "us", snapshot: "default", user: "daytona", env: {} },
  ...{ labels, public: false, networkBlockAll: false, cpu: 1, gpu: 0, memory: 1, disk: 3 },
  ...{ state: "started", createdAt: "2026-11-01T00:00:00Z", toolboxProxyUrl },
});

async function answerToolbox(
  machines: Machines,
  request: IncomingMessage,
  { id, path, body }: { id: string; path: string; body: Buffer },
  response: ServerResponse,
): Promise<void> {
  const machine = machines.find(id);
  if (machine === undefined) return json(response, 404, { message: "no such sandbox" });
  if (path === "files/bulk-upload") {
    const paths = await fieldOf(request, body, "files[0].path");
    machines.put(machine, paths, await fileOf(request, body, "files[0].file"));
    return json(response, 200, {});
  }
  if (path !== "process/execute") return json(response, 404, { message: "not found" });
  const { command, envs = {} } = JSON.parse(body.toString());
  const { exitCode, stdout } = await machines.run(machine, command, envs);
  json(response, 200, { exitCode, result: stdout });
}

async function fieldOf(request: IncomingMessage, body: Buffer, field: string): Promise<string> {
  const type = request.headers["content-type"] ?? "";
  const form = await new Response(new Uint8Array(body), { headers: { "content-type": type } }).formData();
  return String(form.get(field));
}
