/** Checks the gateway's client against `docs/grainchain-openapi.json` and the servers that it may talk to. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { createGrainchain, type Trigger } from "../../../consumer/src/dispatch/grainchain.ts";
import {
  answerProblems,
  CALLBACK,
  findOperation,
  headerProblems,
  operation,
  readRepositoryFile,
  requestProblems,
} from "../support/openapi.ts";
import { startReceiver } from "../support/receiver.ts";
import { makeDirectory } from "../support/repositories.ts";
import { SOME_SHA, startHeld } from "../support/system.ts";

declare global {
  // A global of Workers, which the types of the client's rows use.
  type D1Database = import("@cloudflare/workers-types").D1Database;
}

/** The gateway's client for a server; `wrong` lists what the document does not allow in its calls and their answers. */
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

/** A trigger with those fields of a validation's row that the client reads. */
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
  ])("sends %s as described, and the embedded server accepts it", async (_what, fields) => {
    const { server } = await startHeld({ apiKey: "the-key" });
    const { client, asked, wrong } = connect(server.url, "the-key");
    const trigger = triggerOf("http://127.0.0.1:9", fields);
    const taken = await client.trigger(trigger, { requestId: "request-1" });
    expect(taken).toMatchObject({ class: "accepted", status: "pending" });
    expect(await client.triggerBatch([trigger], { requestId: "request-2" })).toMatchObject({
      outcomes: [{ class: "accepted", grainchainId: "grainchainId" in taken ? taken.grainchainId : "" }],
    });
    const id = "grainchainId" in taken ? (taken.grainchainId ?? "") : "";
    expect(await client.status(id, "request-3")).toMatchObject({ kind: "known" });
    expect(await client.cancel(id, "request-4")).toBe("cancelled");
    expect([asked, wrong]).toEqual([["trigger", "triggerBatch", "status", "cancel"], []]);
  });
});

describe("the server in docs/grainchain-api.md", () => {
  test("has everything that the client needs", async () => {
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
    const taken = await client.trigger(trigger, { requestId: "request-1" });
    expect(taken).toMatchObject({ class: "accepted", status: "pending" });
    expect(await client.trigger(trigger, { requestId: "request-1" })).toEqual(taken);
    expect(await client.triggerBatch([trigger], { requestId: "request-2" })).toBe("no-batch");
    await client.trigger(triggerOf(origin, { id: "1-pr-8-run-1", pr_number: 8 }), { requestId: "request-3" });
    expect(await client.status("x", "request-4")).toEqual({ kind: "unknown" });
    expect(await client.cancel("x", "request-5")).toBe("unknown");
    expect(wrong).toEqual([]);
    const received = await receiver.waitForCount(3);
    for (const { body } of received) expect(requestProblems(CALLBACK, body)).toEqual([]);
    const results = received.slice(1).map(({ path, body }) => [path.split("/")[2], body.results]);
    expect(new Map(results.map(([id, result]) => [id, result]))).toEqual(
      new Map([
        ["1-pr-7-run-1", expect.objectContaining({ success: true })],
        ["1-pr-8-run-1", expect.objectContaining({ success: false })],
      ]),
    );
  });
});
