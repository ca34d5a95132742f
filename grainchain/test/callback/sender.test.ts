import { createHmac } from "node:crypto";
import { expect, onTestFinished, test } from "vitest";
import { waitFor } from "../../../test/support/patience.ts";
import { type CallbackBody, CallbackSender, readRetryAfterMs } from "../../src/callback/sender.ts";
import { createLog } from "../../src/log.ts";
import { type Reply, startReceiver } from "../support/receiver.ts";

async function startSending(reply?: (index: number) => Reply, secret?: string) {
  const receiver = await startReceiver(reply);
  const lines: string[] = [];
  const log = createLog((line) => lines.push(line));
  const sender = new CallbackSender({ secret, backoffMs: 2, log });
  onTestFinished(() => sender.close(0));
  return { receiver, lines, sender };
}

function body(status: CallbackBody["status"], id = "val_1"): CallbackBody {
  return { validation_id: id, project_id: "acme/app", pr_number: 1, pr_url: "", status, timestamp: "" };
}

test("signs the raw body", async () => {
  const { receiver, sender } = await startSending(undefined, "s3cret");
  sender.send(`${receiver.url}/`, body("completed"));
  const { text, headers, path } = await receiver.waitForStatus("completed");
  const hex = createHmac("sha256", "s3cret").update(text).digest("hex");
  expect(headers["x-grainchain-signature-256"]).toBe(`sha256=${hex}`);
  expect(headers["content-type"]).toBe("application/json");
  expect(path).toBe("/hook/capability-token/webhook/status");
});

test("sends no signature without a secret", async () => {
  const { receiver, sender } = await startSending();
  sender.send(receiver.url, body("completed"));
  expect((await receiver.waitForStatus("completed")).headers).not.toHaveProperty(
    "x-grainchain-signature-256",
  );
});

test.each([500, 503, 429, 408])("repeats a callback after %i until it is accepted", async (status) => {
  const { receiver, lines, sender } = await startSending((index) => ({ status: index < 2 ? status : 204 }));
  sender.send(receiver.url, body("completed"));
  await waitFor("the delivery", () => lines.find((line) => line.includes("callback.delivered")));
  expect(receiver.statuses()).toEqual(["completed", "completed", "completed"]);
  expect(new Set(receiver.received.map((item) => item.text)).size).toBe(1);
});

test.each([400, 401, 404, 302])("gives up after %i", async (status) => {
  const { receiver, lines, sender } = await startSending(() => ({
    status,
    headers: { Location: "/elsewhere" },
  }));
  sender.send(receiver.url, body("completed"));
  const line = await waitFor("the failure", () => lines.find((each) => each.includes("callback.failed")));
  expect(JSON.parse(line)).toMatchObject({
    event: "callback.failed",
    validation_id: "val_1",
    reason: `http_${status}`,
  });
  expect(receiver.received).toHaveLength(1);
});

test("gives up after eight tries", async () => {
  const { receiver, lines, sender } = await startSending(() => ({ status: 503 }));
  sender.send(receiver.url, body("completed"));
  await waitFor("the failure", () => lines.find((each) => each.includes("callback.failed")));
  expect(receiver.received).toHaveLength(8);
});

test("waits as long as Retry-After says", async () => {
  const { receiver, sender } = await startSending((index) =>
    index === 0 ? { status: 429, headers: { "Retry-After": "1" } } : { status: 200 },
  );
  sender.send(receiver.url, body("completed"));
  await receiver.waitForCount(1);
  const startedAt = performance.now();
  await receiver.waitForCount(2);
  expect(performance.now() - startedAt).toBeGreaterThan(900);
});

test("sends the callbacks of one validation in order, even if the first has to be repeated", async () => {
  const { receiver, sender } = await startSending((index) => ({ status: index < 2 ? 503 : 200 }));
  sender.send(receiver.url, body("running"));
  sender.send(receiver.url, body("completed"));
  await receiver.waitForStatus("completed");
  expect(receiver.statuses()).toEqual(["running", "running", "running", "completed"]);
});

test("sends completed even though running could not be sent", async () => {
  const { receiver, sender } = await startSending((index) => ({ status: index < 4 ? 503 : 200 }));
  sender.send(receiver.url, body("running"));
  sender.send(receiver.url, body("completed"));
  await receiver.waitForStatus("completed");
  expect(receiver.statuses()).toEqual(["running", "running", "running", "running", "completed"]);
});

test("does not delay one validation for the callback of another", async () => {
  const { receiver, sender } = await startSending((index) => ({
    status: index === 0 ? 503 : 200,
    headers: { "Retry-After": "60" },
  }));
  sender.send(receiver.url, body("completed", "slow"));
  await receiver.waitForCount(1);
  sender.send(receiver.url, body("completed", "quick"));
  const second = (await receiver.waitForCount(2))[1];
  expect(second?.body.validation_id).toBe("quick");
});

test("tries waiting callbacks once more when it closes", async () => {
  const { receiver, sender } = await startSending((index) =>
    index === 0 ? { status: 503, headers: { "Retry-After": "60" } } : { status: 200 },
  );
  sender.send(receiver.url, body("completed"));
  await receiver.waitForCount(1);
  await sender.close(2000);
  expect(receiver.received).toHaveLength(2);
});

test("never logs the URL, whatever goes wrong", async () => {
  const { lines, sender } = await startSending();
  sender.send("http://127.0.0.1:1/hook/capability-token", body("running"));
  await waitFor("the failure", () => lines.find((each) => each.includes("callback.failed")));
  expect(lines.length).toBeGreaterThan(0);
  expect(lines.join("")).not.toContain("capability-token");
});

test.each([
  [null, 0],
  ["2", 2000],
  ["soon", 0],
  ["-1", 0],
  ["Thu, 01 Jan 1970 00:00:10 GMT", 9000],
  ["Thu, 01 Jan 1970 00:00:00 GMT", 0],
  ["999999", 300_000],
  ["Fri, 31 Dec 9999 23:59:59 GMT", 300_000],
  ["1e99", 0],
  ["NaN", 0],
  ["1.5", 0],
])("reads the Retry-After %j", (header, ms) => {
  expect(readRetryAfterMs(header, 1000)).toBe(ms);
});
