/**
 * A Grainchain that fails on demand: an HTTP server with the part of the Grainchain API that the gateway uses. A test
 * decides request by request how it fails; by default it is a good server.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { onTestFinished } from "vitest";
import { Activity } from "../system/activity.ts";
import {
  type Call,
  type FaultPolicy,
  type HttpReply,
  type Reply,
  type Serve,
  serves,
} from "./fault-policies.ts";
import { RequestChecks } from "./request-checks.ts";
import { Sandboxes, type Scenario } from "./run.ts";
import { succeeds } from "./scenarios.ts";
import { readBatch, readTriggerRequest, type TriggerRequest } from "./trigger-request.ts";

const PREFIX = "/api/v1/validation";

export interface DoubleOptions {
  /** Default: any free port. */
  readonly port?: number;
  /** How often a callback is tried before it is lost (default 50: it arrives). */
  readonly callbackTries?: number;
  /** Grainchain's id of the n-th run, from 1 (default: all differ). */
  readonly idOf?: (request: TriggerRequest, n: number) => string;
  /** Gets a signal with every request and every answer. */
  readonly activity?: Activity;
  /** Registers its end (default: it ends with the test). */
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
    activity = new Activity(),
  } = options;
  const sandboxes = new Sandboxes({ callbackTries, idOf });
  const checks = new RequestChecks();
  const calls: Call[] = [];
  const script: { policy: FaultPolicy; next: FaultPolicy[]; other: FaultPolicy; scenario: Scenario } = {
    policy: serves,
    next: [],
    other: serves,
    scenario: succeeds,
  };

  function serveTriggers(call: Call): Serve {
    return (decide = () => "accept") => {
      const answers = call.requests.flatMap((request) => {
        const decision = decide(request);
        if (decision === "omit") return [];
        if (typeof decision === "object") return [refusal(request, decision)];
        const run = sandboxes.accept(request, script.scenario);
        // A finished run is reported as `pending`: the outcome comes by callback only.
        const status = run.finished ? "pending" : run.status;
        const answer = { success: true, message: "accepted", validation_id: run.id, status };
        return decision === "omit-accepted"
          ? []
          : [{ client_request_id: request.client_request_id, ...answer }];
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
    const call = await readCall(request, checks);
    if (call === undefined) return { status: 404, body: '{"detail":"Not Found"}' };
    calls.push(call);
    activity.signal();
    if (call.kind !== "trigger" && call.kind !== "trigger-batch")
      return script.other(call, serveOthers(call));
    const answered = checks.trigger(call);
    try {
      return await (script.next.shift() ?? script.policy)(call, serveTriggers(call));
    } finally {
      answered();
      activity.signal();
    }
  }

  const server = createServer((request, response) => {
    handle(request)
      .then((reply) => send(response, reply))
      .catch((thrown: unknown) => {
        // If a client goes away in the middle of its request, the gateway was killed.
        if (request.complete) checks.violation(`the double failed: ${String(thrown)}`);
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
    /** How the next requests are answered. `next` goes before `policy`; `other` is for all but triggers. */
    script,
    sandboxes,
    /** Every request, in the order of arrival. */
    calls,
    checks,
    triggerCalls: () => calls.filter(({ kind }) => kind === "trigger" || kind === "trigger-batch"),
    /** Refuses connections. */
    goDown,
    async comeBack(): Promise<void> {
      if (!server.listening) await listen(port);
    },
  };
}

async function readCall(request: IncomingMessage, checks: RequestChecks): Promise<Call | undefined> {
  const route = `${request.method} ${request.url}`;
  const idempotencyKey = String(request.headers["idempotency-key"] ?? "");
  const body = await text(request);
  const bare = { requests: [], id: "", idempotencyKey };
  if (route === "GET /health") return { ...bare, kind: "health" };
  checks.headers(request.headers, body !== "");
  if (route === `POST ${PREFIX}/trigger`) {
    const read = readTriggerRequest(parse(body));
    if (!("client_request_id" in read)) checks.violation(...read);
    return { ...bare, kind: "trigger", requests: "client_request_id" in read ? [read] : [] };
  }
  if (route === `POST ${PREFIX}/trigger-batch`) {
    const { requests, problems } = readBatch(parse(body));
    checks.violation(...problems);
    return { ...bare, kind: "trigger-batch", requests };
  }
  const [, status] = new RegExp(`^GET ${PREFIX}/([^/]+)/status$`).exec(route) ?? [];
  if (status !== undefined) return { ...bare, kind: "status", id: decodeURIComponent(status) };
  const [, cancel] = new RegExp(`^DELETE ${PREFIX}/([^/]+)/cancel$`).exec(route) ?? [];
  if (cancel !== undefined) return { ...bare, kind: "cancel", id: decodeURIComponent(cancel) };
  checks.violation(`a route that the API does not have: ${route}`);
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

const refusal = (request: TriggerRequest, decision: { refused: string; permanent: boolean }) => ({
  client_request_id: request.client_request_id,
  success: false,
  message: decision.refused,
  validation_id: "",
  status: "failed",
  ...(decision.permanent ? { error_class: "permanent" } : {}),
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
