/** Holds the embedded server, its callbacks and the gateway's client to `docs/grainchain-openapi.json`. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { createGrainchain, type Trigger } from "../../../consumer/src/dispatch/grainchain.ts";
import {
  allowed,
  answerProblems,
  CALLBACK,
  components,
  examples,
  findOperation,
  headerProblems,
  namesStatus,
  OPERATIONS,
  operation,
  operationNames,
  problems,
  readRepositoryFile,
  references,
  requestProblems,
  validator,
} from "../support/openapi.ts";
import { startReceiver } from "../support/receiver.ts";
import { makeDirectory } from "../support/repositories.ts";
import { requestBody, SOME_SHA, startHeld, startSystem, validationId } from "../support/system.ts";

declare global {
  // A global of Workers, which the types of the client's rows name.
  type D1Database = import("@cloudflare/workers-types").D1Database;
}

type System = Awaited<ReturnType<typeof startSystem>>;
type Asked = { path: string; body?: unknown; headers?: Record<string, string> };

/** Asks the server, and holds its answer against what the document says of the operation. */
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
  test("refers to nothing that is not there, and holds nothing that is not referred to", () => {
    expect(references()).toEqual(components());
  });

  test("gives every operation a name of its own", () => {
    const names = operationNames();
    expect(new Set(names).size).toBe(names.length);
    expect(names).toEqual(expect.arrayContaining(OPERATIONS.map(({ id }) => id)));
    expect(names).not.toContain("undefined");
  });

  test.each(OPERATIONS)("has a parameter for every place in $path, of $id", ({ path, parameters }) => {
    const named = parameters.filter((one) => one.in === "path").map(({ name }) => `{${name}}`);
    expect(path.match(/\{\w+\}/g) ?? []).toEqual(named);
  });

  test.each(components().filter((ref) => ref.includes("/schemas/")))("compiles %s", ($ref) => {
    for (const form of ["open", "closed"] as const) expect(() => validator({ $ref }, form)).not.toThrow();
  });

  test("gives examples that are as it says, without a field that it does not name", () => {
    const wrong = examples().map(({ where, schema, value }) => [where, problems(schema, value)] as const);
    expect(wrong.filter(([, found]) => found.length > 0)).toEqual([]);
    expect(wrong.length).toBeGreaterThan(30);
  });
});

describe("the embedded server", () => {
  const item = (id: string, fields = {}) => requestBody({ client_request_id: id, ...fields });
  const browser = { Origin: "https://example.com" };

  test.each<[string, string, number, Asked]>([
    ["takes a request", "trigger", 200, { path: "/trigger", body: requestBody() }],
    ["refuses what is no JSON", "trigger", 400, { path: "/trigger", body: "{" }],
    ["refuses a web page", "trigger", 403, { path: "/trigger", body: requestBody(), headers: browser }],
    ["refuses a huge body", "trigger", 413, { path: "/trigger", body: `"${"x".repeat(6_000_000)}"` }],
    ["refuses a request", "trigger", 422, { path: "/trigger", body: requestBody({ head_sha: "x" }) }],
    ["takes a batch", "triggerBatch", 200, { path: "/trigger-batch", body: { requests: [item("a")] } }],
    [
      "takes a part of a batch",
      "triggerBatch",
      207,
      {
        path: "/trigger-batch",
        body: { requests: [item("a"), item("b", { pr_number: -1 }), item("c"), item("d"), 7] },
      },
    ],
    ["refuses what is no batch", "triggerBatch", 422, { path: "/trigger-batch", body: { requests: [] } }],
    ["refuses no JSON", "triggerBatch", 400, { path: "/trigger-batch", body: "" }],
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

  test("says as described that it is full, and what is under way", async () => {
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
    "asks for its key before $method $path",
    async ({ id, method, path }) => {
      const system = await startHeld({ apiKey: "the-key" });
      const body = method === "POST" ? "{}" : undefined;
      await ask(system, id, 401, { path: path.replaceAll(/\{\w+\}/g, "x"), body });
    },
  );

  test("is healthy as described", async () => {
    const { server } = await startHeld();
    const response = await fetch(`${server.url}/health`);
    expect(answerProblems(operation("health"), response.status, await response.json())).toEqual([]);
  });

  test.each([...new Set(OPERATIONS.map(({ path }) => path))])(
    "answers on %s the methods described, and no other",
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
  ])("reports what is %s (%s, %j) as described", async (status, run, fields) => {
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

/** The gateway's client in front of a server; `wrong` is what of its calls and their answers is not described. */
function connect(url: string, apiKey?: string) {
  const asked: string[] = [];
  const wrong: string[] = [];
  const fetcher: typeof fetch = async (input, init) => {
    const request = new Request(input, init);
    const path = new URL(request.url).pathname.replace("/api/v1/validation", "");
    const described = findOperation(request.method, path) ?? operation(`${request.method} ${path}`);
    const authorization = apiKey === undefined ? null : `Bearer ${apiKey}`;
    if (request.headers.get("authorization") !== authorization) wrong.push("another key");
    const text = await request.clone().text();
    const response = await fetch(request);
    const body: unknown = await response.clone().json();
    asked.push(described.id);
    wrong.push(...headerProblems(described, request.headers));
    wrong.push(...(text === "" ? [] : requestProblems(described, JSON.parse(text))));
    wrong.push(...answerProblems(described, response.status, body));
    return response;
  };
  const config = { apiUrl: url, apiPrefix: "/api/v1/validation", apiKey, maxMemory: "512Mi" };
  const limits = { validationTimeoutMs: 60_000, requestTimeoutMs: 20_000 };
  return { asked, wrong, client: createGrainchain({ ...config, ...limits }, fetcher, () => new Date()) };
}

/** What the gateway asks for: of a validation's row, the fields that its client reads. */
function triggerOf(origin: string, fields: Partial<Trigger["validation"]> = {}): Trigger {
  const about = { repository: "acme/app", pr_number: 7, pr_url: "https://github.com/acme/app/pull/7" };
  const commit = { head_sha: SOME_SHA, base_sha: SOME_SHA, ref: "topic", event: "pull_request" };
  const row = { id: "1-pr-7-run-1", ...about, ...commit, clone_url: "https://example.com/app.git" };
  const validation = { ...row, ...fields } as Trigger["validation"];
  return { validation, webhookUrl: `${origin}/callbacks/${validation.id}/${"t".repeat(43)}` };
}

describe("the gateway's client", () => {
  const group = `refs/heads/gh-readonly-queue/main/pr-7-${SOME_SHA}`;

  test.each<[string, Partial<Trigger["validation"]>]>([
    ["a pull request", {}],
    ["a push of a new branch", { event: "push", pr_number: 0, pr_url: "", base_sha: "0".repeat(40) }],
    ["a merge group", { event: "merge_group", ref: group }],
    ["a commit by SHA-256", { head_sha: "b".repeat(64), base_sha: "c".repeat(64) }],
    ["a repository without an address", { clone_url: "" }],
  ])("asks about %s as described, and the embedded server takes it", async (_what, fields) => {
    const { server } = await startHeld({ apiKey: "the-key" });
    const { client, asked, wrong } = connect(server.url, "the-key");
    const trigger = triggerOf("http://127.0.0.1:9", fields);
    const taken = await client.trigger(trigger, "request-1");
    expect(taken).toMatchObject({ class: "accepted", status: "pending" });
    expect(await client.triggerBatch([trigger], "request-2")).toMatchObject({
      outcomes: [{ class: "accepted", grainchainId: "grainchainId" in taken ? taken.grainchainId : "" }],
    });
    const id = "grainchainId" in taken ? taken.grainchainId : "";
    expect(await client.status(id, "request-3")).toMatchObject({ kind: "known" });
    expect(await client.cancel(id, "request-4")).toBe("cancelled");
    expect([asked, wrong]).toEqual([["trigger", "triggerBatch", "status", "cancel"], []]);
  });
});

describe("the server in docs/grainchain-api.md", () => {
  test("is all that the client needs", async () => {
    const [, source = ""] = /```js\n(.*?)```/s.exec(readRepositoryFile("docs/grainchain-api.md")) ?? [];
    const file = join(makeDirectory(), "server.mjs");
    writeFileSync(file, source);
    const env = { PATH: process.env.PATH, PORT: "0" };
    const child = spawn(process.execPath, [file, 'test "$PR_NUMBER" = 7'], { env });
    onTestFinished(() => void child.kill());
    const [line] = await once(child.stdout.setEncoding("utf8"), "data");
    const { client, wrong } = connect(/http:\S+/.exec(String(line))?.[0] ?? "");
    const receiver = await startReceiver((index) => ({ status: index === 0 ? 503 : 202 }));
    const origin = new URL(receiver.url).origin;
    const trigger = triggerOf(origin);
    const taken = await client.trigger(trigger, "request-1");
    expect(taken).toMatchObject({ class: "accepted", status: "pending" });
    expect(await client.trigger(trigger, "request-1")).toEqual(taken);
    expect(await client.triggerBatch([trigger], "request-2")).toBe("no-batch");
    await client.trigger(triggerOf(origin, { id: "1-pr-8-run-1", pr_number: 8 }), "request-3");
    expect(await client.status("x", "request-4")).toEqual({ kind: "unknown" });
    expect(await client.cancel("x", "request-5")).toBe("unknown");
    expect(wrong).toEqual([]);
    const received = await receiver.waitForCount(3);
    for (const { body } of received) expect(requestProblems(CALLBACK, body)).toEqual([]);
    const told = received.slice(1).map(({ path, body }) => [path.split("/")[2], body.results]);
    expect(new Map(told.map(([id, results]) => [id, results]))).toEqual(
      new Map([
        ["1-pr-7-run-1", expect.objectContaining({ success: true })],
        ["1-pr-8-run-1", expect.objectContaining({ success: false })],
      ]),
    );
  });
});
