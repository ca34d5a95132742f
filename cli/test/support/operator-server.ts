/** An operator API that answers what a test decides, in this process. It judges what it is asked by the schemas. */
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import { auditRequest } from "@webhook-gateway/shared/api/audit.ts";
import { deadLetterQuery } from "@webhook-gateway/shared/api/dead-letter.ts";
import { deliveryQuery } from "@webhook-gateway/shared/api/delivery.ts";
import { pauseRequest, resumeRequest } from "@webhook-gateway/shared/api/pause.ts";
import { reconcileRequest } from "@webhook-gateway/shared/api/reconcile.ts";
import { discardRequest, replayQuery, replayRequest } from "@webhook-gateway/shared/api/replay.ts";
import { traceQuery } from "@webhook-gateway/shared/api/trace.ts";
import { bulkRequest, validationQuery } from "@webhook-gateway/shared/api/validation.ts";
import * as v from "valibot";
import { onTestFinished } from "vitest";
import { type Ran, runGateway, startGatewayCommand } from "./gateway-command.ts";
import { runHere } from "./gateway-here.ts";

export const TOKEN = "the-operators-token";

export interface Asked {
  /** Such as `GET /api/status`. */
  readonly route: string;
  readonly query: Readonly<Record<string, string>>;
  readonly body: unknown;
  readonly headers: IncomingMessage["headers"];
}

export interface Reply {
  readonly status?: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a route answers; a list of answers is worked through, its last one repeated. */
export type Replies = Readonly<Record<string, Reply | readonly Reply[]>>;

const INPUTS: Readonly<Record<string, v.GenericSchema>> = {
  "GET /api/deliveries": deliveryQuery,
  "GET /api/validations": validationQuery,
  "GET /api/dead-letters": deadLetterQuery,
  "GET /api/replays": replayQuery,
  "GET /api/trace": traceQuery,
  "POST /api/replays": replayRequest,
  "POST /api/dead-letters/discard": discardRequest,
  "POST /api/reconciles": reconcileRequest,
  "POST /api/audits": auditRequest,
  "POST /api/validations/rerun": bulkRequest,
  "POST /api/validations/cancel": bulkRequest,
  "POST /api/pauses": pauseRequest,
  "POST /api/pauses/resume": resumeRequest,
};

/** Starts a server. It ends with the test. */
export async function startOperatorServer(replies: Replies) {
  const asked: Asked[] = [];
  const counts = new Map<string, number>();
  const server = createServer(async (request, response) => {
    const one = await readAsked(request);
    asked.push(one);
    const { status = 200, body, headers } = problemOf(one) ?? replyOf(replies, counts, one.route);
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(typeof body === "string" ? body : JSON.stringify(body ?? {}));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === "object" ? address?.port : undefined}`;
  const env = { GATEWAY_URL: url, GATEWAY_TOKEN: TOKEN };
  return {
    url,
    /** Every request, in the order of arrival. */
    asked,
    run: (...args: readonly string[]): Promise<Ran> => runHere(args, env),
    /** The same as a child process. */
    spawn: (...args: readonly string[]): Promise<Ran> => runGateway(args, env),
    start: (...args: readonly string[]) => startGatewayCommand(args, env),
  };
}

/** A refusal as the API words it. */
export const refused = (status: number, code: string, message: string): Reply => ({
  status,
  body: { success: false, error: { code, message }, request_id: "request-1" },
});

/** A page of these items, the last one unless a cursor is given. */
export const page = (items: readonly unknown[], cursor: string | null = null): Reply => ({
  body: { items, next_cursor: cursor },
});

async function readAsked(request: IncomingMessage): Promise<Asked> {
  const url = new URL(request.url ?? "/", "http://127.0.0.1");
  const sent = await text(request);
  return {
    route: `${request.method} ${url.pathname}`,
    query: Object.fromEntries(url.searchParams),
    body: sent === "" ? undefined : JSON.parse(sent),
    headers: request.headers,
  };
}

function problemOf({ route, query, body, headers }: Asked): Reply | undefined {
  if (headers.authorization !== `Bearer ${TOKEN}`) return refused(401, "unauthorized", "a token is needed");
  const schema = INPUTS[route];
  if (schema === undefined) return undefined;
  const given = route.startsWith("GET") ? query : body;
  return v.is(schema, given) ? undefined : refused(400, "invalid_query", `refused: ${JSON.stringify(given)}`);
}

function replyOf(replies: Replies, counts: Map<string, number>, route: string): Reply {
  const reply = replies[route] ?? refused(404, "not_found", "not found");
  if (!Array.isArray(reply)) return reply as Reply;
  const count = counts.get(route) ?? 0;
  counts.set(route, count + 1);
  return reply[Math.min(count, reply.length - 1)] ?? {};
}
