/**
 * Holds what the gateway asks of Grainchain, makes of its answers, and answers to its callbacks, to
 * `docs/grainchain-openapi.json`. The embedded server is held to it by `grainchain/test/http/openapi.test.ts`.
 */
import { capabilityToken } from "@webhook-gateway/shared/domain/capability.ts";
import { describe, expect, test } from "vitest";
import document from "../../../docs/grainchain-openapi.json";
import { createAccessGuard } from "../../../producer/src/auth/rate-limit.ts";
import { createAuthenticator } from "../../../producer/src/callback/authentication.ts";
import { type CallbackDeps, receiveCallback } from "../../../producer/src/callback/status-callback.ts";
import { errorResponse } from "../../../producer/src/http/api-error.ts";
import { createBodyRoom } from "../../../producer/src/ingress/body-room.ts";
import { dispatchDue } from "../../src/dispatch/dispatch.ts";
import { createGrainchain, type Trigger } from "../../src/dispatch/grainchain.ts";
import { empty } from "../support/database.ts";
import { freshRepository, mergeGroup, pullRequest, push, second, sha } from "../support/facts.ts";
import { createDouble, effectDeps, take } from "../support/grainchain.ts";
import { setSetting } from "../support/queued.ts";
import { record, SILENT } from "../support/recording.ts";

type Json = { readonly [key: string]: unknown };

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The object at a place of the document, references followed; empty where there is none. */
const at = (...keys: readonly string[]): Json =>
  keys.reduce<Json>((object, key) => {
    const value = object[key];
    if (!isObject(value)) return {};
    return typeof value.$ref === "string" ? at(...value.$ref.slice(2).split("/")) : value;
  }, document);

/** The examples of the JSON in a request or an answer, by their names. */
const examplesAt = (...keys: readonly string[]): Json =>
  at(...keys, "content", "application/json", "examples");

const outcomeIn = (described: Json): unknown => described["x-gateway-outcome"];

const CALLS = {
  trigger: ["/trigger", "post"],
  triggerBatch: ["/trigger-batch", "post"],
  status: ["/{id}/status", "get"],
  cancel: ["/{id}/cancel", "delete"],
} as const;
type CallName = keyof typeof CALLS;

/** What is described of an answer to a call: under its status, or under its hundred. */
function answerTo(call: CallName, status: number): Json {
  const exact = at("paths", ...CALLS[call], "responses", String(status));
  if (Object.keys(exact).length > 0) return exact;
  return at("paths", ...CALLS[call], "responses", `${Math.floor(status / 100)}XX`);
}

/** What the client makes of an answer, in the document's words. */
async function outcome(call: CallName, ids: readonly string[], response: Response): Promise<unknown> {
  const config = { apiUrl: "https://grainchain.test", apiPrefix: "/v", apiKey: undefined, maxMemory: "1GB" };
  const limits = { validationTimeoutMs: 60_000, requestTimeoutMs: 60_000 };
  const client = createGrainchain(
    { ...config, ...limits },
    async () => response,
    () => new Date(),
  );
  // Of the row the client reads a few fields, and of those only the id matters here.
  const triggers = ids.map((id) => ({ validation: { id }, webhookUrl: "" }) as Trigger);
  const [first] = triggers;
  if (first === undefined) throw new Error("no validation");
  switch (call) {
    case "trigger":
      return (await client.trigger(first, { requestId: "r" })).class;
    case "triggerBatch": {
      const answer = await client.triggerBatch(triggers, { requestId: "r" });
      if (answer === "no-batch") return answer;
      return "class" in answer ? answer.class : answer.outcomes.map((one) => one.class);
    }
    case "status":
      return (await client.status("x", "r")).kind;
    case "cancel": {
      const answer = await client.cancel("x", "r");
      return typeof answer === "string" ? answer : answer.class;
    }
  }
}

const NULL_BODY = [204, 205, 304];
const respond = (status: number, body: unknown): Response =>
  NULL_BODY.includes(status) ? new Response(null, { status }) : Response.json(body, { status });

describe.each(Object.keys(CALLS) as CallName[])("an answer to %s", (call) => {
  const refusals = Array.from({ length: 300 }, (_, index) => 300 + index);

  test("with an error status has the outcome that the document describes for it", async () => {
    for (const status of refusals) {
      const described = outcomeIn(answerTo(call, status));
      const made = await outcome(call, ["a"], respond(status, { detail: "no" }));
      expect([status, made]).toEqual([status, described]);
    }
  });

  test("with a success has the outcome that the document describes for its example", async () => {
    const examples = Object.values(examplesAt("paths", ...CALLS[call], "responses", "200"));
    expect(examples.length).toBeGreaterThan(0);
    for (const status of [200, 202, 207, 299]) {
      for (const example of examples.filter(isObject)) {
        const described = outcomeIn(example) ?? outcomeIn(answerTo(call, status));
        expect(await outcome(call, batchIds(), respond(status, example.value))).toEqual(described);
      }
    }
  });

  test("that cannot be read is none, but to a cancel its status is enough", async () => {
    const none = {
      trigger: "retryable",
      triggerBatch: "retryable",
      status: "no-answer",
      cancel: "cancelled",
    };
    expect(await outcome(call, ["a"], new Response("<html>"))).toBe(none[call]);
  });
});

/** The validations that the document's example of a batch asks for. */
function batchIds(): string[] {
  const { four } = examplesAt("paths", "/trigger-batch", "post", "requestBody");
  const { requests } = isObject(four) && isObject(four.value) ? four.value : {};
  if (!Array.isArray(requests)) throw new Error("no example");
  return requests.map(({ client_request_id }) => client_request_id);
}

type Check = (given: never, value: never) => boolean;

/** As much of JSON Schema as requests are described in; a body may hold nothing that its schema does not name. */
const CHECKS: Readonly<Record<string, Check>> = {
  description: () => true,
  type: (types: string | readonly string[], value: unknown) => [types].flat().includes(typeOf(value)),
  required: (names: readonly string[], value: object) => names.every((name) => name in value),
  properties: (properties: Json, value: Json) =>
    Object.entries(value).every(([name, one]) => isObject(properties[name]) && holds(properties[name], one)),
  items: (schema: Json, value: readonly unknown[]) => value.every((one) => holds(schema, one)),
  minItems: (least: number, value: readonly unknown[]) => value.length >= least,
  maxItems: (most: number, value: readonly unknown[]) => value.length <= most,
  minLength: (least: number, value: string) => value.length >= least,
  maxLength: (most: number, value: string | null) => value === null || value.length <= most,
  pattern: (pattern: string, value: string) => new RegExp(pattern, "u").test(value),
  minimum: (least: number, value: number) => value >= least,
  maximum: (most: number, value: number) => value <= most,
  enum: (all: readonly unknown[], value: unknown) => all.includes(value),
  const: (only: unknown, value: unknown) => value === only,
  $ref: (ref: string, value: unknown) => holds(at(...ref.slice(2).split("/")), value),
};

function typeOf(value: unknown): string {
  if (value === null) return "null";
  if (Number.isInteger(value)) return "integer";
  return Array.isArray(value) ? "array" : typeof value;
}

function holds(schema: Json, value: unknown): boolean {
  return Object.entries(schema).every(([keyword, given]) => {
    const check = CHECKS[keyword];
    if (check === undefined) throw new Error(`no check for ${keyword}`);
    return check(given as never, value as never);
  });
}

describe("what a dispatch sends", () => {
  test.each(["/trigger-batch", "/trigger"])("to %s is as described, whatever is validated", async (path) => {
    await empty();
    if (path === "/trigger") await setSetting("grainchain:no-batch-until", second(9999));
    const repository = freshRepository();
    const bare = { ...freshRepository(), clone_url: "" };
    await record([
      pullRequest(repository)("opened", "a", 1),
      mergeGroup(repository, "checks_requested", "b", 0),
      push(repository, "before", "c", 2),
      push(bare, "", "d", 3, { url: "", base_sha: "0".repeat(40) }),
      pullRequest(bare)("opened", "e", 4, { head_sha: sha("e").padEnd(64, "0") }),
    ]);
    const double = createDouble((call) => take(call));
    await dispatchDue(effectDeps(double, { grainchain: { apiKey: "the-key" } }));
    expect(double.calls.flatMap(({ requests }) => requests)).toHaveLength(5);
    const { schema } = at("paths", path, "post", "requestBody", "content", "application/json");
    const { parameters } = at("paths", path, "post");
    for (const call of double.calls) {
      expect([call.method, call.path]).toEqual(["POST", path]);
      expect(isObject(schema) && holds(schema, call.body)).toBe(true);
      for (const { $ref } of Array.isArray(parameters) ? parameters : []) {
        const { name, schema: header } = at(...$ref.slice(2).split("/"));
        expect(isObject(header) && holds(header, call.headers.get(String(name)))).toBe(true);
      }
    }
  });
});

describe("a callback", () => {
  const SECRET = "callback secret";
  const ID = `1-pr-12-${sha("a")}-1`;
  const bodies = Object.entries(examplesAt("components", "pathItems", "Callback", "post", "requestBody"));
  const least = { project_id: "a/b", pr_number: 1, status: "running" };
  const refuse = async () => Promise.reject(new Error("away"));

  const guardOf = (success: boolean) =>
    createAccessGuard({
      limit: { limit: async () => ({ success }) },
      log: SILENT,
      now: () => new Date(second(0)),
      countRefusal: () => {},
    });

  async function receive(body: BodyInit, deps: Partial<CallbackDeps> = {}, token?: string) {
    const capability = { validationId: ID, token: token ?? (await capabilityToken(SECRET, ID)) };
    const all: CallbackDeps = {
      authenticator: createAuthenticator([{ label: "current", secret: SECRET }]),
      room: createBodyRoom(() => new Date(second(0))),
      queue: { send: async () => ({ metadata: { metrics: { backlogCount: 0, backlogBytes: 0 } } }) },
      // Touched only by large results: D1 that is away.
      db: {} as D1Database,
      guard: guardOf(true),
      rateLimit: { limit: async () => ({ success: true }) },
      log: SILENT,
      now: () => new Date(second(0)),
      newId: () => crypto.randomUUID(),
      ...deps,
    };
    return receiveCallback(all, new Request("https://gateway.test/", { method: "POST", body }), capability);
  }

  test.each(bodies)("as in the example %s is taken", async (_name, example) => {
    expect(isObject(example) && (await receive(JSON.stringify(example.value)))).toBeUndefined();
  });

  test.each<[string, () => ReturnType<typeof receive>]>([
    ["invalid_json", () => receive("{")],
    ["invalid_payload", () => receive(JSON.stringify({ ...least, status: "done" }))],
    ["unauthorized", () => receive(JSON.stringify(least), {}, "x".repeat(43))],
    ["rate_limited", () => receive("", { guard: guardOf(false) }, "x")],
    ["payload_too_large", () => receive(new Uint8Array(4 * 1024 * 1024 + 1))],
    ["queue_unavailable", () => receive(JSON.stringify(least), { queue: { send: refuse } })],
    [
      "storage_unavailable",
      () => receive(JSON.stringify({ ...least, results: { output: "x".repeat(20_000) } })),
    ],
  ])("is refused as described: %s", async (code, refused) => {
    const error = await refused();
    if (error === undefined) throw new Error("it was taken");
    const response = errorResponse(error, "0b1e1a52-7d0c-4f5e-9d4e-0c6f5f6f3f10");
    const described = ["webhooks", "status", "post", "responses", String(response.status)];
    const { headers } = at(...described);
    expect(response.headers.has("retry-after")).toBe(headers !== undefined);
    expect(examplesAt(...described)).toMatchObject({ [code]: { value: await response.json() } });
  });
});
