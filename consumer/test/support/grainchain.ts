import { env } from "cloudflare:workers";
import { startInvocation } from "../../../test/platform/invocation.ts";
import type { DispatchConfig, DispatchDeps } from "../../src/dispatch/dispatch.ts";
import { createGrainchain, type GrainchainConfig } from "../../src/dispatch/grainchain.ts";
import { second } from "./facts.ts";
import { SILENT } from "./recording.ts";

/** A request as Grainchain sees it. */
export interface Call {
  readonly method: string;
  /** Behind the API's base. */
  readonly path: string;
  readonly headers: Headers;
  readonly body: unknown;
  readonly redirect: string | undefined;
  /** The validations asked for. */
  readonly requests: readonly Requested[];
}

export interface Requested {
  readonly client_request_id: string;
  readonly [field: string]: unknown;
}

export type Answer = Response | Promise<Response>;

/** A Grainchain that answers what a test says, and remembers what it was asked. */
export interface Double {
  readonly calls: Call[];
  readonly fetch: typeof fetch;
}

export const BASE = "https://grainchain.test/api/v1/validation";

/** Not among what it remembers: it is not work. */
const HEALTH = "https://grainchain.test/health";
const HEALTH_CALL: Call = {
  method: "GET",
  path: "/health",
  headers: new Headers(),
  body: undefined,
  redirect: undefined,
  requests: [],
};

export function createDouble(answer: (call: Call, number: number) => Answer): Double {
  const calls: Call[] = [];
  return {
    calls,
    fetch: async (input, init) => {
      const url = String(input);
      if (url === HEALTH) return answered(answer(HEALTH_CALL, calls.length), init?.signal ?? undefined);
      if (!url.startsWith(BASE)) throw new Error(`not Grainchain's: ${url}`);
      const body: unknown = typeof init?.body === "string" ? JSON.parse(init.body) : undefined;
      const call = {
        method: init?.method ?? "GET",
        path: url.slice(BASE.length),
        headers: new Headers(init?.headers),
        body,
        redirect: init?.redirect,
        requests: requestsOf(body),
      };
      calls.push(call);
      return answered(answer(call, calls.length), init?.signal ?? undefined);
    },
  };
}

/** The answer, or that the caller stopped waiting for it. */
function answered(answer: Answer, signal: AbortSignal | undefined): Promise<Response> {
  const aborted = new Promise<never>((_, reject) => {
    signal?.addEventListener("abort", () =>
      reject(new DOMException("The operation timed out.", "TimeoutError")),
    );
  });
  return Promise.race([Promise.resolve(answer), aborted]);
}

function requestsOf(body: unknown): readonly Requested[] {
  if (typeof body !== "object" || body === null) return [];
  if ("requests" in body && Array.isArray(body.requests)) return body.requests.filter(isRequested);
  return isRequested(body) ? [body] : [];
}

const isRequested = (value: unknown): value is Requested =>
  typeof value === "object" &&
  value !== null &&
  "client_request_id" in value &&
  typeof value.client_request_id === "string";

export const json = (body: unknown, status = 200, headers: Record<string, string> = {}): Response =>
  Response.json(body, { status, headers });

export interface Item {
  readonly client_request_id?: string;
  readonly success?: boolean;
  readonly message?: string;
  readonly validation_id?: string | null;
  readonly status?: string;
  readonly error_class?: string;
  readonly results?: unknown;
}

const accepted = (request: Requested): Item => ({
  client_request_id: request.client_request_id,
  success: true,
  message: "",
  validation_id: `grain-${request.client_request_id}`,
  status: "pending",
});

/** Answers a trigger: each validation is taken, except for what a test says. */
export function take(call: Call, item: (request: Requested) => Item | undefined = () => ({})): Response {
  const items = call.requests.flatMap((request) => {
    const fields = item(request);
    return fields === undefined ? [] : [{ ...accepted(request), ...fields }];
  });
  return call.path === "/trigger-batch" ? json({ results: items }) : json(items[0] ?? null);
}

/** The tests' clock. */
export interface Clock {
  nowMs: number;
}

export const clockAt = (at: number): Clock => ({ nowMs: Date.parse(second(at)) });

export interface EffectOptions {
  readonly clock?: Clock;
  readonly db?: D1Database;
  readonly config?: Partial<DispatchConfig>;
  readonly grainchain?: Partial<GrainchainConfig>;
  readonly random?: () => number;
  readonly log?: DispatchDeps["log"];
}

/** What effects need in one invocation, with a double behind the real client. */
export function effectDeps(double: Double, options: EffectOptions = {}): DispatchDeps {
  const { clock = clockAt(3600), db = env.DB, random = () => 0, log = SILENT } = options;
  const now = () => new Date(clock.nowMs);
  const invocation = startInvocation();
  const requestTimeoutMs = options.config?.requestTimeoutMs ?? 30_000;
  return {
    db: invocation.database(db),
    grainchain: createGrainchain(
      {
        apiUrl: "https://grainchain.test/",
        apiPrefix: "/api/v1/validation",
        apiKey: undefined,
        validationTimeoutMs: 60_000,
        maxMemory: "512MB",
        requestTimeoutMs,
        ...options.grainchain,
      },
      invocation.fetch(double.fetch),
      now,
    ),
    config: {
      callbackBaseUrl: "https://gateway.test",
      callbackSecret: "callback secret",
      requestTimeoutMs,
      maxConcurrent: 0,
      maxPerRepository: 0,
      maxAttempts: 8,
      ...options.config,
    },
    log,
    now,
    random,
    newId: () => crypto.randomUUID(),
  };
}
