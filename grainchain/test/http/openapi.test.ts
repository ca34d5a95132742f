/** Checks the embedded server and its callbacks against `docs/grainchain-openapi.json`. */
import { describe, expect, test } from "vitest";
import {
  allowed,
  answerProblems,
  CALLBACK,
  components,
  examples,
  findOperation,
  namesStatus,
  OPERATIONS,
  operation,
  operationNames,
  problems,
  references,
  requestProblems,
  validator,
} from "../support/openapi.ts";
import { requestBody, SOME_SHA, startHeld, startSystem, validationId } from "../support/system.ts";

type System = Awaited<ReturnType<typeof startSystem>>;
type Asked = { path: string; body?: unknown; headers?: Record<string, string> };

/** Sends a request to the server, and checks its answer against the document. */
async function ask({ send }: Pick<System, "send">, id: string, status: number, asked: Asked) {
  const described = operation(id);
  expect(findOperation(described.method, asked.path.replace(/\?.*/, ""))).toBe(described);
  const answered = await send(described.method, asked.path, asked.body, asked.headers);
  expect([answered.status, answered.data]).toEqual([status, expect.anything()]);
  expect(namesStatus(described, status)).toBe(true);
  expect(answerProblems(described, status, answered.data)).toEqual([]);
  return answered;
}

describe("the document", () => {
  test("has no reference without a target, and no component without a reference", () => {
    expect(references()).toEqual(components());
  });

  test("gives every operation a unique name", () => {
    const names = operationNames();
    expect(new Set(names).size).toBe(names.length);
    expect(names).toEqual(expect.arrayContaining(OPERATIONS.map(({ id }) => id)));
    expect(names).not.toContain("undefined");
  });

  test.each(OPERATIONS)("has a parameter for every placeholder in $path ($id)", ({ path, parameters }) => {
    const named = parameters.filter((one) => one.in === "path").map(({ name }) => `{${name}}`);
    expect(path.match(/\{\w+\}/g) ?? []).toEqual(named);
  });

  test.each(components().filter((ref) => ref.includes("/schemas/")))("compiles %s", ($ref) => {
    for (const form of ["open", "closed"] as const) expect(() => validator({ $ref }, form)).not.toThrow();
  });

  test("has valid examples without unknown fields", () => {
    const wrong = examples().map(({ where, schema, value }) => [where, problems(schema, value)] as const);
    expect(wrong.filter(([, found]) => found.length > 0)).toEqual([]);
    expect(wrong.length).toBeGreaterThan(30);
  });
});

describe("the embedded server", () => {
  const item = (id: string, fields = {}) => requestBody({ client_request_id: id, ...fields });
  const browser = { Origin: "https://example.com" };

  test.each<[string, string, number, Asked]>([
    ["accepts a request", "trigger", 200, { path: "/trigger", body: requestBody() }],
    ["refuses a body that is not JSON", "trigger", 400, { path: "/trigger", body: "{" }],
    ["refuses a web page", "trigger", 403, { path: "/trigger", body: requestBody(), headers: browser }],
    ["refuses a huge body", "trigger", 413, { path: "/trigger", body: `"${"x".repeat(6_000_000)}"` }],
    ["refuses a request", "trigger", 422, { path: "/trigger", body: requestBody({ head_sha: "x" }) }],
    ["accepts a batch", "triggerBatch", 200, { path: "/trigger-batch", body: { requests: [item("a")] } }],
    [
      "accepts a part of a batch",
      "triggerBatch",
      207,
      {
        path: "/trigger-batch",
        body: { requests: [item("a"), item("b", { pr_number: -1 }), item("c"), item("d"), 7] },
      },
    ],
    ["refuses an empty batch", "triggerBatch", 422, { path: "/trigger-batch", body: { requests: [] } }],
    ["refuses an empty body", "triggerBatch", 400, { path: "/trigger-batch", body: "" }],
    [
      "refuses a long batch",
      "triggerBatch",
      413,
      { path: "/trigger-batch", body: { requests: Array.from({ length: 101 }, () => item("a")) } },
    ],
    ["does not know a validation", "status", 404, { path: "/some-id/status" }],
    ["has nothing to cancel", "cancel", 404, { path: "/some-id/cancel" }],
    ["lists a project", "listProject", 200, { path: "/project/acme%2Fapp?limit=500" }],
    ["refuses a limit", "listProject", 422, { path: "/project/acme%2Fapp?limit=0" }],
    ["refuses a web page's list", "listProject", 403, { path: "/project/acme%2Fapp", headers: browser }],
  ])("%s (%s, %i) as described", async (_what, id, status, asked) => {
    await ask(await startHeld({ concurrency: 1, queueLimit: 1 }), id, status, asked);
  });

  test("reports as described that it is full, and what is in progress", async () => {
    const system = await startHeld({ concurrency: 1, queueLimit: 1 });
    const [first, second] = [await system.trigger(), await system.trigger()];
    const full = await ask(system, "trigger", 429, { path: "/trigger", body: requestBody() });
    expect(full.headers.get("retry-after")).toMatch(/^\d+$/);
    await ask(system, "triggerBatch", 429, { path: "/trigger-batch", body: { requests: [item("a")] } });
    await system.receiver.waitForStatus("running");
    await ask(system, "status", 200, { path: `/${validationId(first.data)}/status` });
    for (const { data } of [first, second]) {
      await ask(system, "cancel", 200, { path: `/${validationId(data)}/cancel` });
      await ask(system, "status", 200, { path: `/${validationId(data)}/status` });
    }
    const { data } = await ask(system, "listProject", 200, { path: "/project/acme%2Fapp" });
    expect(data).toMatchObject({ total: 2, validations: [{ status: "cancelled" }, { status: "cancelled" }] });
  });

  test.each(OPERATIONS.filter(({ id }) => id !== "health"))(
    "requires its key for $method $path",
    async ({ id, method, path }) => {
      const system = await startHeld({ apiKey: "the-key" });
      const body = method === "POST" ? "{}" : undefined;
      await ask(system, id, 401, { path: path.replaceAll(/\{\w+\}/g, "x"), body });
    },
  );

  test("reports its health as described", async () => {
    const { server } = await startHeld();
    const response = await fetch(`${server.url}/health`);
    expect(answerProblems(operation("health"), response.status, await response.json())).toEqual([]);
  });

  test.each([...new Set(OPERATIONS.map(({ path }) => path))])(
    "serves on %s only the methods that are described",
    async (path) => {
      const { server, api } = await startHeld();
      const url = `${path === "/health" ? server.url : api}${path.replaceAll(/\{\w+\}/g, "x")}`;
      const response = await fetch(url, { method: "PATCH" });
      expect([response.status, response.headers.get("allow")]).toEqual([405, allowed(path)]);
      expect(problems({ $ref: "#/components/schemas/Error" }, await response.json())).toEqual([]);
    },
  );

  test.each([
    ["completed", "true", {}],
    ["completed", "echo no >&2; exit 3", {}],
    ["completed", "sleep 9", {}],
    ["failed", "true", { head_sha: SOME_SHA }],
  ])("reports a %s run as described (%s, %j)", async (status, run, fields) => {
    const system = await startSystem({ callbackSecret: "s3cret" });
    const steps = [
      { name: "step", run, timeout: 1 },
      { name: "next", run: "true" },
    ];
    const head_sha = system.commit({ ".grainchain.yml": JSON.stringify({ steps }) });
    const id = validationId((await system.trigger({ head_sha, ...fields })).data);
    await system.receiver.waitForStatus(status);
    for (const { path, body } of system.receiver.received) {
      expect(requestProblems(CALLBACK, body)).toEqual([]);
      expect(problems({ $ref: "#/components/schemas/SignedCallback" }, body)).toEqual([]);
      expect(path).toMatch(/\/webhook\/status$/);
    }
    await ask(system, "status", 200, { path: `/${id}/status` });
  });
});
