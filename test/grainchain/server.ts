/**
 * A Grainchain that goes wrong on demand: an HTTP server speaking the gateway's side of the Grainchain API, whose
 * behaviour a test decides request by request. Left alone it is a good server.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { onTestFinished } from "vitest";
import { Pulse } from "../system/activity.ts";
import {
  type Behaviour,
  type Call,
  type HttpReply,
  type Reply,
  type Serve,
  serves,
} from "./fault-policies.ts";
import { Watch } from "./request-checks.ts";
import { type Course, Sandboxes } from "./run.ts";
import { succeeds } from "./scenarios.ts";
import { readBatch, readTriggerRequest, type TriggerRequest } from "./trigger-request.ts";

const PREFIX = "/api/v1/validation";

export interface DoubleOptions {
  /** Default: any free one. */
  readonly port?: number;
  /** How often a callback is tried before it is lost (default 50: it gets through). */
  readonly callbackTries?: number;
  /** Grainchain's id of the n-th run, from 1 (default: all differ). */
  readonly idOf?: (request: TriggerRequest, n: number) => string;
  /** Beats with every request, and with every answer. */
  readonly pulse?: Pulse;
  /** Where its end is registered (default: it ends with the test). */
  readonly whenDone?: (end: () => Promise<void>) => void;
}

/** A running double. */
export type GrainchainDouble = Awaited<ReturnType<typeof startDouble>>;

/** Starts the double. */
export async function startDouble(options: DoubleOptions = {}) {
  const {
    callbackTries = 50,
    idOf = (_, n) => `gc-${n}`,
    whenDone = onTestFinished,
    pulse = new Pulse(),
  } = options;
  const sandboxes = new Sandboxes({ callbackTries, idOf });
  const watch = new Watch();
  const calls: Call[] = [];
  const script: { weather: Behaviour; next: Behaviour[]; other: Behaviour; course: Course } = {
    weather: serves,
    next: [],
    other: serves,
    course: succeeds,
  };

  function serveTriggers(call: Call): Serve {
    return (judge = () => "take") => {
      const answers = call.requests.flatMap((request) => {
        const verdict = judge(request);
        if (verdict === "omit") return [];
        if (typeof verdict === "object") return [refusal(request, verdict)];
        const run = sandboxes.take(request, script.course);
        // Of one that has finished it says `pending`: the outcome comes by callback only.
        const status = run.finished ? "pending" : run.status;
        const answer = { success: true, message: "accepted", validation_id: run.id, status };
        return verdict === "omit-taken" ? [] : [{ client_request_id: request.client_request_id, ...answer }];
      });
      return json(call.kind === "trigger" ? (answers[0] ?? {}) : { results: answers });
    };
  }

  function serveOthers(call: Call): Serve {
    return () => {
      if (call.kind === "health") return json({ status: "ok" });
      const run = sandboxes.find(call.id);
      const unknown = { status: 404, body: '{"detail":"Validation not found"}' };
      if (run === undefined) return unknown;
      if (call.kind === "cancel")
        return run.cancel() ? json({ success: true, message: "cancelled" }) : unknown;
      const { project_id, pr_number } = run.request;
      return json({ validation_id: run.id, project_id, pr_number, status: run.status, results: run.results });
    };
  }

  async function handle(request: IncomingMessage): Promise<Reply> {
    const call = await readCall(request, watch);
    if (call === undefined) return { status: 404, body: '{"detail":"Not Found"}' };
    calls.push(call);
    pulse.beat();
    if (call.kind !== "trigger" && call.kind !== "trigger-batch")
      return script.other(call, serveOthers(call));
    const answered = watch.trigger(call);
    try {
      return await (script.next.shift() ?? script.weather)(call, serveTriggers(call));
    } finally {
      answered();
      pulse.beat();
    }
  }

  const server = createServer((request, response) => {
    handle(request)
      .then((reply) => send(response, reply))
      .catch((thrown: unknown) => {
        // A client that goes away in the middle of its request is the gateway being killed.
        if (request.complete) watch.violation(`the double failed: ${String(thrown)}`);
        response.destroy();
      });
  });
  server.keepAliveTimeout = 60_000;
  const listen = async (port: number): Promise<void> => {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
  };
  await listen(options.port ?? 0);
  const port = portOf(server.address());

  async function goDown(): Promise<void> {
    if (!server.listening) return;
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
  }
  whenDone(goDown);

  return {
    url: `http://127.0.0.1:${port}`,
    /** What the next requests get. `next` goes before `weather`; `other` is for all but triggers. */
    script,
    sandboxes,
    /** Every request, in the order of arrival. */
    calls,
    watch,
    triggerCalls: () => calls.filter(({ kind }) => kind === "trigger" || kind === "trigger-batch"),
    /** Refuses connections. */
    goDown,
    async comeBack(): Promise<void> {
      if (!server.listening) await listen(port);
    },
  };
}

async function readCall(request: IncomingMessage, watch: Watch): Promise<Call | undefined> {
  const route = `${request.method} ${request.url}`;
  const idempotencyKey = String(request.headers["idempotency-key"] ?? "");
  const body = await text(request);
  const bare = { requests: [], id: "", idempotencyKey };
  if (route === "GET /health") return { ...bare, kind: "health" };
  watch.headers(request.headers, body !== "");
  if (route === `POST ${PREFIX}/trigger`) {
    const read = readTriggerRequest(parse(body));
    if (!("client_request_id" in read)) watch.violation(...read);
    return { ...bare, kind: "trigger", requests: "client_request_id" in read ? [read] : [] };
  }
  if (route === `POST ${PREFIX}/trigger-batch`) {
    const { requests, problems } = readBatch(parse(body));
    watch.violation(...problems);
    return { ...bare, kind: "trigger-batch", requests };
  }
  const [, status] = new RegExp(`^GET ${PREFIX}/([^/]+)/status$`).exec(route) ?? [];
  if (status !== undefined) return { ...bare, kind: "status", id: decodeURIComponent(status) };
  const [, cancel] = new RegExp(`^DELETE ${PREFIX}/([^/]+)/cancel$`).exec(route) ?? [];
  if (cancel !== undefined) return { ...bare, kind: "cancel", id: decodeURIComponent(cancel) };
  watch.violation(`a route that the contract does not name: ${route}`);
  return undefined;
}

function send(response: ServerResponse, reply: Reply): void {
  if (reply === "hang") return;
  if (reply === "reset") response.destroy();
  else
    response
      .writeHead(reply.status, { "content-type": "application/json", ...reply.headers })
      .end(reply.body);
}

const refusal = (request: TriggerRequest, verdict: { refused: string; permanent: boolean }) => ({
  client_request_id: request.client_request_id,
  success: false,
  message: verdict.refused,
  validation_id: "",
  status: "failed",
  ...(verdict.permanent ? { error_class: "permanent" } : {}),
});

const json = (body: unknown): HttpReply => ({ status: 200, body: JSON.stringify(body) });

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function portOf(address: ReturnType<ReturnType<typeof createServer>["address"]>): number {
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
