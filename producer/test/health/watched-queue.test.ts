import { expect, test } from "vitest";
import { watchQueue } from "../../src/health/watched-queue.ts";

const NOW = new Date("2026-11-23T10:00:00.000Z");

const watched = (answer: unknown) => watchQueue({ send: async () => answer as QueueSendResponse }, () => NOW);

test.each([
  ["nothing", undefined],
  ["no metadata", {}],
  ["no metrics", { metadata: {} }],
  ["no oldest message", { metadata: { metrics: { backlogCount: 0, backlogBytes: 0 } } }],
  ["one of 1970", { metadata: { metrics: { oldestMessageTimestamp: new Date(0) } } }],
])("a send that answers %s is a success", async (_, answer) => {
  const queue = watched(answer);
  await queue.send({});

  expect([queue.lastSend, queue.oldestMessage]).toEqual(["ok", undefined]);
});

test("remembers the oldest message, and when it learned of it", async () => {
  const sentAt = new Date("2026-11-23T09:00:00.000Z");
  const queue = watched({ metadata: { metrics: { oldestMessageTimestamp: sentAt } } });
  await queue.send({});

  expect(queue.oldestMessage).toEqual({ sentAt, seenAt: NOW });
});

test("remembers that a send failed", async () => {
  const queue = watchQueue({ send: () => Promise.reject(new Error("refused")) }, () => NOW);

  await expect(queue.send({})).rejects.toThrow("refused");
  expect(queue.lastSend).toBe("failed");
});
