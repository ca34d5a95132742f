import { request as httpRequest } from "node:http";
import { describe, expect, test } from "vitest";
import { requestBody, startHeld, validationId } from "../support/system.ts";

describe("trigger", () => {
  test("accepts a request as pending under a readable id", async () => {
    const { trigger } = await startHeld();
    const answer = await trigger({ project_id: "acme/app.js", pr_number: 12 });
    expect(answer.status).toBe(200);
    expect(answer.data).toEqual({
      success: true,
      message: expect.any(String),
      validation_id: expect.stringMatching(/^val_acme_app\.js_12_[0-9a-f-]{36}$/),
      status: "pending",
    });
  });

  test.each([
    ["malformed JSON", "{", {}, 400, "malformed_json"],
    ["no body", "", {}, 400, "malformed_json"],
    ["a bad request", JSON.stringify(requestBody({ head_sha: "x" })), {}, 422, "invalid_request"],
    ["a list", "[]", {}, 422, "invalid_request"],
    [
      "a long key",
      JSON.stringify(requestBody()),
      { "Idempotency-Key": "k".repeat(300) },
      422,
      "invalid_request",
    ],
    ["a huge body", `"${"x".repeat(5 * 1024 ** 2)}"`, {}, 413, "body_too_large"],
  ])("refuses %s", async (_what, body, headers, status, code) => {
    const { send, server } = await startHeld();
    const answer = await send("POST", "/trigger", body, headers);
    expect(answer).toMatchObject({ status, data: { success: false, error: { code } } });
    expect(server.startedTotal()).toBe(0);
  });

  test("refuses a huge body without a length", async () => {
    const { api } = await startHeld();
    const { hostname, port, pathname } = new URL(`${api}/trigger`);
    const status = await new Promise((resolve, reject) => {
      const request = httpRequest({ hostname, port, path: pathname, method: "POST" }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      request.on("error", reject);
      for (let sent = 0; sent < 6; sent += 1) request.write(Buffer.alloc(1024 ** 2, 0x20));
      request.end();
    });
    expect(status).toBe(413);
  });
});

describe("trigger-batch", () => {
  test("answers 200 when all are accepted, in order", async () => {
    const { triggerBatch } = await startHeld();
    const items = ["a", "b", "c"].map((id) => requestBody({ client_request_id: id }));
    const answer = await triggerBatch([...items, requestBody()]);
    expect(answer.status).toBe(200);
    const accepted = {
      success: true,
      message: expect.any(String),
      validation_id: expect.any(String),
      status: "pending",
    };
    expect(answer.data).toEqual({
      results: [...["a", "b", "c"].map((id) => ({ client_request_id: id, ...accepted })), accepted],
    });
  });

  test("decides about every item on its own and answers 207", async () => {
    const { triggerBatch } = await startHeld({ concurrency: 1, queueLimit: 0 });
    const answer = await triggerBatch([
      requestBody({ client_request_id: "bad", project_id: "../etc" }),
      requestBody({ client_request_id: "good" }),
      requestBody({ client_request_id: "good" }),
      requestBody({ client_request_id: "late" }),
      "nonsense",
    ]);
    expect(answer).toMatchObject({
      status: 207,
      data: {
        results: [
          {
            client_request_id: "bad",
            success: false,
            status: "failed",
            error_class: "permanent",
            message: expect.stringContaining("project_id"),
          },
          { client_request_id: "good", success: true, status: "pending" },
          { client_request_id: "good", success: true, status: "pending" },
          { client_request_id: "late", success: false, status: "failed" },
          { success: false, error_class: "permanent" },
        ],
      },
    });
    const { data } = answer;
    const results = typeof data === "object" && data !== null && "results" in data ? data.results : [];
    const items: unknown[] = Array.isArray(results) ? results : [];
    expect(validationId(items[1])).toBe(validationId(items[2]));
    expect(items[3]).not.toHaveProperty("error_class");
  });

  test("answers 429 when there is no room for any", async () => {
    const { trigger, triggerBatch } = await startHeld({ concurrency: 1, queueLimit: 0 });
    await trigger();
    const answer = await triggerBatch([requestBody(), requestBody()]);
    expect(answer.status).toBe(429);
    expect(answer.headers.get("Retry-After")).toMatch(/^[1-9]\d*$/);
    expect((await triggerBatch([requestBody(), "bad"])).status).toBe(207);
  });

  test("accepts a hundred and refuses more", async () => {
    const { triggerBatch } = await startHeld();
    const items = (count: number) => Array.from({ length: count }, () => requestBody());
    expect((await triggerBatch(items(101))).status).toBe(413);
    expect((await triggerBatch(items(100))).status).toBe(200);
  });

  test.each([{}, { requests: [] }, { requests: {} }, []])("refuses %j", async (body) => {
    const { send } = await startHeld();
    expect(await send("POST", "/trigger-batch", body)).toMatchObject({
      status: 422,
      data: { success: false },
    });
  });
});

describe("the other routes", () => {
  test("lists a project's validations, newest first", async () => {
    const { trigger, send } = await startHeld();
    const ids: string[] = [];
    for (const pr_number of [1, 2, 3]) ids.push(validationId((await trigger({ pr_number })).data));
    await trigger({ project_id: "acme/other" });
    const listed = await send("GET", "/project/acme%2Fapp?limit=2");
    expect(listed).toMatchObject({
      status: 200,
      data: {
        project_id: "acme/app",
        validations: [{ validation_id: ids[2] }, { validation_id: ids[1] }],
        total: 3,
      },
    });
    expect((await send("GET", "/project/acme%2Fnone")).data).toEqual({
      project_id: "acme/none",
      validations: [],
      total: 0,
    });
    expect((await send("GET", "/project/acme%2Fapp?limit=x")).status).toBe(422);
  });

  test("reports its health with its load", async () => {
    const { server, trigger, receiver } = await startHeld({ concurrency: 1, apiKey: "key" });
    expect((await trigger({}, { Authorization: "Bearer key" })).status).toBe(200);
    expect((await trigger({}, { Authorization: "Bearer key" })).status).toBe(200);
    await receiver.waitForStatus("running");
    const response = await fetch(`${server.url}/health`);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      status: "healthy",
      service: "grainchain",
      provider: "local",
      isolation: "none",
      active_validations: 1,
      max_concurrent_validations: 1,
      queued: 1,
      started_total: 1,
    });
  });

  test.each([
    ["GET", "/trigger", "POST"],
    ["PUT", "/trigger-batch", "POST"],
    ["POST", "/some-id/status", "GET, HEAD"],
    ["GET", "/some-id/cancel", "DELETE"],
    ["DELETE", "/project/acme%2Fapp", "GET, HEAD"],
  ])("answers %s %s with 405 and the allowed methods", async (method, path, allowed) => {
    const { send } = await startHeld();
    const answer = await send(method, path);
    expect(answer).toMatchObject({
      status: 405,
      data: { success: false, error: { code: "method_not_allowed" } },
    });
    expect(answer.headers.get("Allow")).toBe(allowed);
  });

  test.each([
    ["GET", "/some-id/status"],
    ["DELETE", "/some-id/cancel"],
    ["GET", "/nowhere/at/all"],
  ])("answers %s %s with 404", async (method, path) => {
    const { send } = await startHeld();
    expect(await send(method, path)).toMatchObject({ status: 404, data: { success: false } });
  });

  test("serves under another prefix", async () => {
    const { server, trigger } = await startHeld({ apiPrefix: "/gc" });
    expect((await trigger()).status).toBe(200);
    expect((await fetch(`${server.url}/api/v1/validation/trigger`, { method: "POST" })).status).toBe(404);
  });
});
