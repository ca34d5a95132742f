import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { join } from "node:path";
import { gitEnvironment } from "@webhook-gateway/shared/process/child-environment.mjs";
import { onTestFinished } from "vitest";

/**
 * Serves repositories over HTTP with git's first protocol, which serves only commits that are the tip of a branch.
 * With a password, only requests that send it are served.
 */
export async function startGitHttp(root: string, password?: string): Promise<string> {
  const env = gitEnvironment(process.env);
  const programs = execFileSync("git", ["--exec-path"], { env, encoding: "utf8" }).trim();
  const backend = join(programs, "git-http-backend");
  const server = createServer((request, response) => {
    const isAllowed = password === undefined || authorizationOf(request).endsWith(`:${password}`);
    if (isAllowed) return serveBackend(backend, root, request, response);
    response.writeHead(401, { "WWW-Authenticate": 'Basic realm="git"' }).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
}

function authorizationOf(request: IncomingMessage): string {
  return Buffer.from((request.headers.authorization ?? "").replace("Basic ", ""), "base64").toString();
}

function serveBackend(
  backend: string,
  root: string,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const url = new URL(request.url ?? "/", "http://localhost");
  const child = spawn(backend, {
    env: {
      ...gitEnvironment(process.env),
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: "1",
      PATH_INFO: url.pathname,
      QUERY_STRING: url.search.slice(1),
      REQUEST_METHOD: request.method ?? "GET",
      CONTENT_TYPE: request.headers["content-type"] ?? "",
      HTTP_CONTENT_ENCODING: request.headers["content-encoding"] ?? "",
    },
    stdio: ["pipe", "pipe", "ignore"],
  });
  request.pipe(child.stdin);
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  child.stdout.on("end", () => {
    const output = Buffer.concat(chunks);
    const headEnd = output.indexOf("\r\n\r\n");
    for (const line of output.toString("latin1", 0, headEnd).split("\r\n")) {
      const [name, value] = line.split(": ");
      if (name === "Status") response.statusCode = Number.parseInt(value ?? "200", 10);
      else if (name !== undefined && value !== undefined) response.setHeader(name, value);
    }
    response.end(output.subarray(headEnd + 4));
  });
}
