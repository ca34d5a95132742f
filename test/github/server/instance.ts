/** One isolated GitHub: handles the requests to its API. */
import { createHash, randomBytes } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { appRoutes } from "../api/apps.ts";
import { checkRunRoutes } from "../api/check-runs.ts";
import { collaboratorRoutes } from "../api/collaborators.ts";
import { deliveryRoutes } from "../api/deliveries.ts";
import { hookRoutes } from "../api/hooks.ts";
import { manifestRoutes } from "../api/manifests.ts";
import { pullRoutes } from "../api/pulls.ts";
import { rateLimitRoutes } from "../api/rate-limit.ts";
import { reactionRoutes } from "../api/reactions.ts";
import { statusRoutes } from "../api/statuses.ts";
import type { Fault } from "../client/fault.ts";
import type { RequestRecord } from "../client/record.ts";
import type { ReadSpec } from "../client/spec.ts";
import { assertAnswer, type Problems, requestProblems } from "../openapi/checks.ts";
import { findOperation } from "../openapi/openapi.ts";
import { authorize } from "../request/access.ts";
import { type Credentials, identify } from "../request/auth.ts";
import type { Routes } from "../request/call.ts";
import { exceeded, RateLimits } from "../request/rate-limit.ts";
import { invalidRequest, notFound, Refusal, type Reply, toJson } from "../request/reply.ts";
import { World } from "../request/world.ts";
import { FaultQueue } from "./fault-queue.ts";
import { hasUnknownVersion, headerViolations } from "./headers.ts";

/** A request, without the instance's prefix. */
export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The instance's URL. */
  readonly baseUrl: string;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** `hang`: there is never an answer. `reset`: the connection is closed. */
export type Answer = HttpAnswer | "hang" | "reset";

const ROUTES: Routes = {
  ...appRoutes,
  ...checkRunRoutes,
  ...statusRoutes,
  ...reactionRoutes,
  ...collaboratorRoutes,
  ...hookRoutes,
  ...manifestRoutes,
  ...pullRoutes,
  ...deliveryRoutes,
  ...rateLimitRoutes,
};

/** What is known about a request before it is served. */
interface Received {
  readonly request: ApiRequest;
  readonly found: ReturnType<typeof findOperation>;
  readonly credentials: Credentials;
  readonly problems: Problems;
  readonly body: unknown;
  readonly now: number;
}

/** One GitHub. */
export class Instance {
  readonly world: World;
  readonly requests: RequestRecord[] = [];
  readonly violations: string[] = [];
  readonly faults = new FaultQueue();
  readonly #limits: RateLimits;

  constructor(spec: ReadSpec) {
    this.world = new World(spec);
    this.#limits = new RateLimits(spec.rate_limit);
  }

  async answer(request: ApiRequest): Promise<Answer> {
    const received = this.#receive(request);
    const record = this.#note(received);
    const { identity } = received.credentials;
    const fault = this.faults.take({
      ...record,
      installation_ids: [record.auth.installation_id, Number(received.found?.params.installation_id)],
    });
    if (fault !== undefined) record.faulted = true;
    const answer = await this.#withFault(fault, received);
    if (typeof answer === "string") return answer;
    record.status = answer.status;
    const requestId = newRequestId();
    return {
      status: answer.status,
      text: answer.text.replaceAll("{request_id}", requestId),
      headers: {
        "content-type": "application/json; charset=utf-8",
        "x-github-media-type": "github.v3; format=json",
        "x-github-request-id": requestId,
        ...this.#limits.headers(identity, received.now),
        ...answer.headers,
      },
    };
  }

  #receive(request: ApiRequest): Received {
    const { method, path, query, headers, text } = request;
    const now = Date.now();
    const found = findOperation(method, path);
    const body = text === "" ? undefined : parse(text);
    const problems =
      found === undefined
        ? { violations: ["no such operation"], complaints: [] }
        : requestProblems(found.operation, { params: found.params, query, body });
    const credentials = identify(headers.authorization, this.world, now);
    return { request, found, credentials, problems, body, now };
  }

  #note({ request, found, credentials: { identity }, problems, body, now }: Received): RequestRecord {
    const { method, path, query, headers, text } = request;
    const what = found?.operation.id ?? `${method} ${path}`;
    for (const one of [...headerViolations(headers, text !== ""), ...problems.violations])
      this.violations.push(`${what}: ${one}`);
    const installation =
      identity.kind === "installation" ? { installation_id: identity.grant.installation.id } : {};
    const record: RequestRecord = {
      method,
      path,
      operation_id: found?.operation.id ?? null,
      query: { ...query },
      body: body === undefined ? null : body,
      auth: { kind: identity.kind, ...installation },
      status: null,
      at: now,
    };
    this.requests.push(record);
    return record;
  }

  async #withFault(fault: Fault | undefined, received: Received): Promise<Answer> {
    if (fault === undefined) return this.#perform(received, 0);
    const { delay_ms, after, hang, reset, status, repeat = 0 } = fault;
    const performed = after ? this.#perform(received, repeat) : undefined;
    if (delay_ms !== undefined) await delay(delay_ms);
    if (hang) return "hang";
    if (reset) return "reset";
    if (status === undefined) return performed ?? this.#perform(received, repeat);
    const { headers = {}, body } = fault;
    return { status, headers, text: toText(body) };
  }

  #perform(received: Received, repeat: number): HttpAnswer {
    const { found } = received;
    const { status, body, headers = {} } = this.#serve(received, repeat);
    const text = toText(body);
    // Parsed as the client will parse it: JSON leaves out undefined fields.
    if (found !== undefined && received.request.headers["user-agent"])
      assertAnswer(found.operation, status, text === "" ? undefined : JSON.parse(text));
    return this.#conditional(received, { status, headers, text });
  }

  /** An answer that has not changed since the sender got it has no body, and is not counted. */
  #conditional({ request, credentials, now }: Received, answer: HttpAnswer): HttpAnswer {
    if (request.method !== "GET" || answer.status !== 200) return answer;
    const etag = `W/"${createHash("sha256").update(answer.text).digest("hex")}"`;
    const headers = { ...answer.headers, etag };
    if (request.headers["if-none-match"] !== etag) return { ...answer, headers };
    this.#limits.refund(credentials.identity, now);
    return { status: 304, headers, text: "" };
  }

  #serve({ request, found, credentials, problems, body, now }: Received, repeat: number): Reply {
    const { identity, refusal } = credentials;
    try {
      if (!request.headers["user-agent"]) return NO_USER_AGENT;
      if (hasUnknownVersion(request.headers)) throw new Refusal(400, "Unsupported API version");
      if (refusal !== undefined) throw refusal;
      if (found === undefined) throw notFound();
      const { operation, params } = found;
      const route = ROUTES[operation.id];
      if (route === undefined) throw new Error(`the double does not serve ${operation.id}`);
      if (operation.id !== "rate-limit/get" && !this.#limits.spend(identity, now)) {
        const { message, documentation } = exceeded(identity);
        return new Refusal(403, message).reply(documentation);
      }
      const { world } = this;
      const limits = this.#limits;
      const { baseUrl, path, query } = request;
      const call = { world, operation, identity, limits, path, params, query, body, baseUrl, now, repeat };
      authorize(route, call);
      if (body === NOT_JSON) throw new Refusal(400, "Problems parsing JSON");
      if (problems.complaints.length > 0) throw invalidRequest(problems.complaints);
      return route.serve(call);
    } catch (thrown) {
      if (!(thrown instanceof Refusal)) throw thrown;
      return thrown.reply(found?.operation.documentationUrl ?? "https://docs.github.com/rest");
    }
  }
}

const NO_USER_AGENT: Reply = {
  status: 403,
  headers: { "content-type": "text/html" },
  body: "Request forbidden by administrative rules. Please make sure your request has a User-Agent header.",
};

const NOT_JSON = "(what was sent is not JSON)";

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return NOT_JSON;
  }
}

/** Text is sent unchanged. */
function toText(body: unknown): string {
  if (body === undefined) return "";
  return typeof body === "string" ? body : toJson(body);
}

const newRequestId = (): string =>
  [2, 3, 4, 4, 4].map((bytes) => randomBytes(bytes).toString("hex").toUpperCase()).join(":");
