/**
 * A double of GitHub's REST API: an HTTP server with any number of isolated instances. It checks requests and answers
 * against GitHub's own OpenAPI description.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { answerWeb } from "../web/new-app.ts";
import { Instances } from "./control.ts";
import type { Answer, Instance } from "./instance.ts";

export interface GitHubServer {
  /** For `openGitHub`. */
  readonly url: string;
  close(): Promise<void>;
}

/** Starts the server. @param options `port`: default any free port */
export async function startGitHubServer(options: { readonly port?: number } = {}): Promise<GitHubServer> {
  const instances = new Instances();
  const server = createServer((request, response) => {
    handle(instances, request, response).catch(() => response.destroy());
  });
  server.keepAliveTimeout = 60_000;
  server.listen(options.port ?? 0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    async close() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function handle(
  instances: Instances,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method = "GET", headers } = request;
  const origin = `http://${headers.host}`;
  const { pathname, searchParams } = new URL(request.url ?? "/", origin);
  const sent = await text(request);
  if (/^\/_double(?:\/|$)/.test(pathname)) {
    const body: unknown = sent === "" ? undefined : JSON.parse(sent);
    const answer = instances.control(method, pathname.slice("/_double".length), body, origin);
    return sendJson(response, answer.status, answer.body);
  }
  const [, prefix = "", id = "", path = "/"] = /^(\/([^/]+)(?:\/api\/v3)?)(\/.*)?$/.exec(pathname) ?? [];
  const instance = instances.find(id);
  if (instance === undefined) return sendJson(response, 404, { message: `the double has no instance ${id}` });
  const query = Object.fromEntries(searchParams);
  const baseUrl = `${origin}${prefix}`;
  const web = answerWeb(instance.world, { method, path, query, text: sent });
  if (web !== undefined) return void response.writeHead(web.status, web.headers).end(web.text);
  const answer = await guarded(instance, () =>
    instance.answer({ method, path, query, headers, text: sent, baseUrl }),
  );
  send(response, answer);
}

/** A failure of the double must not look like GitHub's behavior. */
async function guarded(instance: Instance, answer: () => Promise<Answer>): Promise<Answer> {
  try {
    return await answer();
  } catch (thrown) {
    instance.violations.push(`the double failed: ${String(thrown)}`);
    return "reset";
  }
}

function send(response: ServerResponse, answer: Answer): void {
  if (answer === "hang") return;
  if (answer === "reset") response.destroy();
  else response.writeHead(answer.status, answer.headers).end(answer.text);
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
