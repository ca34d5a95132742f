/** State changes leave the Worker for the sink of events, and for nowhere else. */
import { expect, test, vi } from "vitest";
import { count } from "../support/database.ts";
import { createDouble, take } from "../support/grainchain.ts";
import { cron, deliver, EVENTS, lines, opened, useWorker, WORK, workQueue } from "./support.ts";

useWorker();

const SINK = "https://events.test/hook/s3cret";
const VARS = { EVENTS_SINK_URL: SINK, EVENTS_SINK_SECRET: `whsec_${btoa("s3cret of the sink")}` };
const WAKE_UP = { v: 1, kind: "wake-up" };

/** Grainchain, and a sink. */
function stub(answer: () => Response = () => new Response(null, { status: 202 })) {
  const got: { readonly headers: Headers; readonly body: Record<string, unknown> }[] = [];
  const grainchain = createDouble((call) => take(call));
  vi.stubGlobal("fetch", async (input: RequestInfo | URL, init?: RequestInit) => {
    if (String(input) !== SINK)
      return grainchain.fetch(
        String(input).replace("http://localhost:8080/", "https://grainchain.test/"),
        init,
      );
    got.push({ headers: new Headers(init?.headers), body: JSON.parse(String(init?.body)) });
    return answer();
  });
  return got;
}

test("a delivery and its dispatch are sent with the wake-up that follows", async () => {
  const got = stub();
  await deliver(EVENTS, [opened()], VARS);
  await deliver(WORK, [WAKE_UP], VARS);
  expect(got.map(({ body }) => body.type)).toEqual([
    "dev.cdevents.testsuiterun.queued.0.3.0",
    "webhook-gateway.validation.dispatching",
    "webhook-gateway.validation.pending",
  ]);
  const [first] = got;
  expect(first?.headers.get("content-type")).toBe("application/cloudevents+json");
  expect(first?.headers.get("webhook-id")).toBe(first?.body.id);
  expect(first?.headers.get("webhook-signature")).toMatch(/^v1,[\w+/]{43}=$/);
  expect(lines.join("\n")).not.toContain("s3cret");
  expect(lines.join("\n")).toContain('"event":"event.batch"');
});

test("CodegenApp gets callbacks", async () => {
  const got = stub();
  await deliver(EVENTS, [opened()], VARS);
  await deliver(WORK, [WAKE_UP], { ...VARS, EVENTS_SINK_FORMAT: "codegenapp" });
  expect(got.map(({ body }) => body.status)).toEqual(["pending", "pending", "pending"]);
  expect(got[0]?.headers.get("content-type")).toBe("application/json");
});

test("the cron leaves them to a wake-up: its connection belongs to alerts", async () => {
  const got = stub();
  await deliver(EVENTS, [opened()], VARS);
  const work = workQueue();
  await cron({ ...VARS, WORK: work.queue });
  expect(got).toEqual([]);
  expect(work.sent.map(({ options }) => options?.delaySeconds)).toContain(0);
  const usage = await deliver(WORK, [WAKE_UP], VARS);
  expect(usage.retried).toEqual([]);
  expect(got).toHaveLength(3);
});

test("a sink that fails says so in D1 without its address, and delays nothing else", async () => {
  stub(() => new Response("s3cret", { status: 500 }));
  await deliver(EVENTS, [opened()], VARS);
  const { retried } = await deliver(WORK, [WAKE_UP], VARS);
  expect(retried).toEqual([]);
  expect(await count("SELECT count(*) FROM validations WHERE state = 'pending'")).toBe(1);
  const gate = "SELECT count(*) FROM settings WHERE name = 'gate:events' AND value->>'state' = 'closed'";
  expect(await count(gate)).toBe(1);
  expect(await count("SELECT count(*) FROM settings WHERE value LIKE '%s3cret%'")).toBe(0);
  expect(lines.join("\n")).not.toContain("s3cret");
});

test("without a sink, nothing is kept for it", async () => {
  const got = stub();
  await deliver(EVENTS, [opened()]);
  await deliver(WORK, [WAKE_UP]);
  expect(got).toEqual([]);
  expect(await count("SELECT count(*) FROM outgoing_events")).toBe(0);
});
