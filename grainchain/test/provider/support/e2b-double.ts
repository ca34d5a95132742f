/** E2B's API, and the one of the daemon in each sandbox (Connect over HTTP with JSON), as its SDK calls them. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import type { Machine, Machines } from "./machines.ts";

export const E2B_KEY = "e2b_0123456789";

interface CreateBody {
  readonly metadata?: Record<string, string>;
  readonly timeout?: number;
  readonly allow_internet_access?: boolean;
}

export async function answerAsE2b(
  machines: Machines,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? "/", "http://double");
  const body = await buffer(request);
  if (/^\/(?:v2\/)?sandboxes/.test(url.pathname)) {
    const answer = answerControl(machines, request, url, body);
    if (answer === "lost") response.destroy();
    else json(response, ...answer);
    return;
  }
  const machine = machines.find(String(request.headers["e2b-sandbox-id"]));
  if (machine === undefined) return json(response, 502, { message: "sandbox not found" });
  if (url.pathname === "/files") return write(machines, machine, request, url, body, response);
  if (url.pathname === "/process.Process/Start") return start(machines, machine, body, response);
  json(response, 404, { message: "not found" });
}

function answerControl(
  machines: Machines,
  { method, headers }: IncomingMessage,
  url: URL,
  body: Buffer,
): [status: number, body: unknown] | "lost" {
  const key = String(headers["x-api-key"]);
  if (key !== E2B_KEY) return [401, { code: 401, message: `Invalid API key: ${key}` }];
  if (method === "DELETE") {
    const machine = machines.find(url.pathname.split("/").at(-1));
    if (machine === undefined) return [404, { code: 404, message: "not found" }];
    return machines.close(machine) ? [204, null] : [500, { code: 500, message: "not now" }];
  }
  if (method === "POST") {
    const { metadata = {}, timeout = 0, allow_internet_access = true }: CreateBody = JSON.parse(`${body}`);
    const created = { labels: metadata, network: allow_internet_access, lifetimeSeconds: timeout };
    const machine = machines.create(created);
    if (machines.losesAnswer()) return "lost";
    return [201, { ...describe(machine), envdVersion: "0.6.5", envdAccessToken: "token" }];
  }
  const wanted = [...new URLSearchParams(url.searchParams.get("metadata") ?? "")];
  const found = machines
    .open()
    .filter(({ labels }) => wanted.every(([name, value]) => labels[name] === value));
  return [200, found.map((machine) => ({ ...describe(machine), metadata: machine.labels }))];
}

const describe = ({ id }: Machine) => ({
  ...{ sandboxID: id, templateID: "base", clientID: "c", alias: "base", state: "running" },
  ...{ startedAt: "2026-11-01T00:00:00Z", endAt: "2026-11-01T01:00:00Z" },
  ...{ cpuCount: 2, memoryMB: 512, envdVersion: "0.6.5" },
});

async function write(
  machines: Machines,
  machine: Machine,
  request: IncomingMessage,
  url: URL,
  body: Buffer,
  response: ServerResponse,
): Promise<void> {
  const path = url.searchParams.get("path") ?? "";
  machines.put(machine, path, await fileOf(request, body, "file"));
  json(response, 200, [{ name: path.split("/").at(-1), path, type: "file" }]);
}

/** The file in the body of an upload. */
export async function fileOf(request: IncomingMessage, body: Buffer, field: string): Promise<Buffer> {
  const type = request.headers["content-type"] ?? "";
  if (!type.startsWith("multipart/")) return body;
  const form = await new Response(new Uint8Array(body), { headers: { "content-type": type } }).formData();
  const file = form.get(field);
  return file instanceof Blob ? Buffer.from(await file.arrayBuffer()) : Buffer.alloc(0);
}

/** Runs a command, and streams its start, its output and its end: each message has five bytes of flags and length in front. */
async function start(
  machines: Machines,
  machine: Machine,
  body: Buffer,
  response: ServerResponse,
): Promise<void> {
  const { process: asked } = JSON.parse(body.subarray(5).toString());
  response.writeHead(200, { "content-type": "application/connect+json" });
  const send = (message: unknown, flags = 0) => {
    const payload = Buffer.from(JSON.stringify(message));
    const head = Buffer.alloc(5);
    head.writeUInt8(flags, 0);
    head.writeUInt32BE(payload.length, 1);
    response.write(Buffer.concat([head, payload]));
  };
  send({ event: { start: { pid: 7 } } });
  const { exitCode, stdout } = await machines.run(machine, asked.args.at(-1), asked.envs ?? {});
  if (stdout !== "") send({ event: { data: { stdout: Buffer.from(stdout).toString("base64") } } });
  send({ event: { end: { exitCode, exited: true, status: `exit status ${exitCode}` } } });
  send({}, 2);
  response.end();
}

export function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
