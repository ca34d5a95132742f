import { createExecutionContext, createMessageBatch, getQueueResult } from "cloudflare:test";
import type { Dataset } from "@webhook-gateway/shared/telemetry/telemetry.ts";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { consume } from "./handlers/support.ts";
import { empty } from "./support/database.ts";
import { freshRepository, pullRequest, sha } from "./support/facts.ts";
import { createDouble, take } from "./support/grainchain.ts";

interface Line {
  readonly level: string;
  readonly event: string;
  readonly [field: string]: unknown;
}

/** What the Worker printed. */
const printed: string[] = [];
const lines = (): Line[] => printed.map((line) => JSON.parse(line));

beforeEach(async () => {
  await empty();
  printed.length = 0;
  for (const level of ["log", "info", "warn", "error"] as const) {
    vi.spyOn(console, level).mockImplementation((line: unknown) => void printed.push(String(line)));
  }
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

async function deliver(queue: string, body: unknown, bindings: Partial<Env>): Promise<void> {
  const batch = createMessageBatch(`webhook-gateway-${queue}-development`, [
    { id: "m0", timestamp: new Date(), attempts: 1, body },
  ]);
  const ctx = createExecutionContext();
  await consume(batch, bindings);
  expect((await getQueueResult(batch, ctx)).explicitAcks).toEqual(["m0"]);
}

/** Lets the Worker record a pull request and dispatch its validation. */
async function takeOne(bindings: Partial<Env>) {
  const double = createDouble((call) => take(call));
  vi.stubGlobal("fetch", (input: RequestInfo | URL, init?: RequestInit) =>
    double.fetch(String(input).replace("http://localhost:8080/", "https://grainchain.test/"), init),
  );
  const repository = freshRepository();
  const fact = pullRequest(repository)("opened", "a", 1);
  await deliver("events", fact, bindings);
  await deliver("work", { v: 1, kind: "wake-up" }, bindings);
  return { fact, id: `${repository.id}-pr-12-${sha("a")}-1` };
}

test("WEBHOOK_DEBUG_MODE decides whether the Worker prints a line for each fact", async () => {
  await takeOne({ WEBHOOK_DEBUG_MODE: "false" });
  expect(lines().filter(({ level }) => level === "debug")).toEqual([]);
  expect(lines().length).toBeGreaterThan(2);
  printed.length = 0;
  const { fact, id } = await takeOne({ WEBHOOK_DEBUG_MODE: "true" });
  expect(lines().filter(({ level }) => level === "debug")).toEqual([
    {
      level: "debug",
      worker: "consumer",
      event: "delivery.recorded",
      delivery_id: fact.id,
      outcome: "started",
      reason: null,
      validation_id: id,
    },
  ]);
  expect(printed.join("\n")).not.toMatch(/callbacks\/|test callback secret/);
});

test("without it, an effect has its line but not a data point of its own", async () => {
  const counted: unknown[] = [];
  const METRICS: Dataset = { writeDataPoint: ({ blobs: [event] }) => void counted.push(event) };
  const { id } = await takeOne({ METRICS: METRICS as Env["METRICS"] });
  expect(lines()).toContainEqual(
    expect.objectContaining({ level: "info", event: "dispatch.sent", validation_id: id, class: "accepted" }),
  );
  expect(counted).toEqual(expect.arrayContaining(["record.batch", "dispatch.batch"]));
  expect(counted).not.toContain("dispatch.sent");
});
