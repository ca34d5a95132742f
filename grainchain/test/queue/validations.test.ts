import { expect, test } from "vitest";
import { waitFor } from "../../../test/support/patience.ts";
import { createHeldSandboxes, startHeld, startSystem, validationId } from "../support/system.ts";

test("runs as many as allowed at a time, and the others in order", async () => {
  const { server, trigger, send, receiver, held, release } = await startHeld({ concurrency: 1 });
  const first = validationId((await trigger()).data);
  const second = validationId((await trigger()).data);
  await receiver.waitForStatus("running");
  expect((await send("GET", `/${first}/status`)).data).toMatchObject({
    status: "running",
    sandbox_id: "held-0",
  });
  expect((await send("GET", `/${second}/status`)).data).toMatchObject({ status: "pending" });
  expect(server.startedTotal()).toBe(1);
  release(0);
  await waitFor("the second run", () => (held.length === 2 ? true : undefined));
  release(1);
  await receiver.waitForCount(4);
  expect(server.startedTotal()).toBe(2);
});

test("removes the sandbox before it reports the end", async () => {
  const { createSandbox, removed, release } = createHeldSandboxes();
  const { trigger, receiver } = await startSystem({ createSandbox });
  await trigger();
  await receiver.waitForStatus("running");
  expect(removed).toEqual([]);
  release(0);
  await receiver.waitForStatus("completed");
  expect(removed).toEqual(["held-0"]);
});

test("reports a sandbox that cannot be created as failed, and continues", async () => {
  const { createSandbox, held, release } = createHeldSandboxes();
  let isDiskFull = true;
  const { trigger, receiver, logLines } = await startSystem({
    concurrency: 1,
    createSandbox: async (request) => {
      if (!isDiskFull) return createSandbox(request);
      isDiskFull = false;
      throw Object.assign(new Error("no space on /secret/place"), { code: "ENOSPC" });
    },
  });
  await trigger();
  const failed = await receiver.waitForStatus("failed");
  expect(failed.body.results).toEqual({
    error: "the sandbox could not be used: ENOSPC",
    failed_at: expect.stringMatching(/^\d{4}-.*Z$/),
  });
  expect(logLines.join("")).not.toContain("/secret/place");
  await trigger();
  await waitFor("the second run", () => (held.length === 1 ? true : undefined));
  release(0);
  await receiver.waitForStatus("completed");
});

test("cancels a waiting validation, which then never runs", async () => {
  const { createSandbox, held, release } = createHeldSandboxes();
  const { trigger, send, receiver, server } = await startSystem({ createSandbox, concurrency: 1 });
  await trigger();
  await receiver.waitForStatus("running");
  const waiting = validationId((await trigger()).data);
  expect(await send("DELETE", `/${waiting}/cancel`)).toMatchObject({ status: 200, data: { success: true } });
  const callback = await receiver.waitForStatus("cancelled");
  expect(callback.body).toMatchObject({
    validation_id: waiting,
    results: { cancelled_at: expect.any(String) },
  });
  expect((await send("DELETE", `/${waiting}/cancel`)).status).toBe(404);
  release(0);
  await receiver.waitForStatus("completed");
  expect(held).toHaveLength(1);
  expect(server.startedTotal()).toBe(1);
});

test("reports unfinished validations as failed when it is closed", async () => {
  const { createSandbox, removed } = createHeldSandboxes();
  const { server, trigger, receiver } = await startSystem({ createSandbox, concurrency: 1 });
  await trigger();
  await receiver.waitForStatus("running");
  await trigger();
  await server.close();
  const failed = receiver.received.filter((item) => item.body.status === "failed");
  expect(failed.map((item) => item.body.results)).toEqual(
    Array(2).fill({ error: expect.stringContaining("was stopped"), failed_at: expect.any(String) }),
  );
  expect(removed).toEqual(["held-0"]);
});

test.each([
  ["a client_request_id", { client_request_id: "one" }, {}],
  ["an Idempotency-Key", {}, { "Idempotency-Key": "one" }],
])("answers a repeated request with %s without running it again", async (_what, fields, headers) => {
  const { trigger, server, receiver, release } = await startHeld();
  const first = validationId((await trigger(fields, headers)).data);
  await receiver.waitForStatus("running");
  const again = await trigger(fields, headers);
  expect(again).toMatchObject({
    status: 200,
    data: { success: true, validation_id: first, status: "running" },
  });
  release(0);
  await receiver.waitForStatus("completed");
  expect((await trigger(fields, headers)).data).toMatchObject({ validation_id: first });
  expect(server.startedTotal()).toBe(1);
});

test("accepts a repeated request for a finished validation, and sends its outcome again", async () => {
  const { trigger, server, receiver, release } = await startHeld();
  const first = validationId((await trigger({ client_request_id: "one" })).data);
  release(0);
  await receiver.waitForStatus("completed");
  expect((await trigger({ client_request_id: "one" })).data).toMatchObject({
    success: true,
    validation_id: first,
    status: "pending",
  });
  const received = await receiver.waitForCount(3);
  expect(received.map((item) => item.body.status)).toEqual(["running", "completed", "completed"]);
  expect(server.startedTotal()).toBe(1);
});

test("runs requests with different keys, or without keys, separately", async () => {
  const { trigger } = await startHeld();
  const ids = new Set<string>();
  for (const fields of [{}, {}, { client_request_id: "one" }, { client_request_id: "two" }]) {
    ids.add(validationId((await trigger(fields)).data));
  }
  expect(ids.size).toBe(4);
});

test("refuses requests beyond the queue with 429, and accepts them later", async () => {
  const { trigger, receiver, release } = await startHeld({ concurrency: 1, queueLimit: 1 });
  await trigger();
  await trigger();
  const refused = await trigger({ client_request_id: "third" });
  expect(refused).toMatchObject({
    status: 429,
    data: { success: false, error: { code: "out_of_capacity" } },
  });
  expect(refused.headers.get("Retry-After")).toMatch(/^[1-9]\d*$/);
  release(0);
  await receiver.waitForStatus("completed");
  expect((await trigger({ client_request_id: "third" })).status).toBe(200);
});

test("answers a known request even if there is no room", async () => {
  const { trigger } = await startHeld({ concurrency: 1, queueLimit: 0 });
  await trigger({ client_request_id: "one" });
  expect((await trigger({ client_request_id: "one" })).status).toBe(200);
  expect((await trigger({ client_request_id: "two" })).status).toBe(429);
});
