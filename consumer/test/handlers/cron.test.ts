import { createScheduledController } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test, vi } from "vitest";
import worker from "../../src/index.ts";
import { createDouble, take } from "../support/grainchain.ts";
import { deliver, down, EVENTS, lines, opened, stubGrainchain, useWorker, workQueue } from "./support.ts";

useWorker();

const cron = (bindings: object) =>
  worker.scheduled(createScheduledController(), { ...env, WORK: workQueue().queue, ...bindings } as Env);

test("an alert does not wait for Grainchain, which hangs", async () => {
  await deliver(EVENTS, [opened(), { v: 1, kind: "unreadable" }], {}, 8);
  let alerted: (() => void) | undefined;
  const alert = new Promise<void>((resolve) => {
    alerted = resolve;
  });
  const double = createDouble(async (call) => {
    await alert;
    return take(call);
  });
  vi.stubGlobal("fetch", async (input: RequestInfo | URL, init?: RequestInit) => {
    if (!String(input).startsWith("https://alerts.test")) {
      return double.fetch(String(input).replace("http://localhost:8080/", "https://grainchain.test/"), init);
    }
    alerted?.();
    return new Response();
  });
  await cron({ ALERT_WEBHOOK_URL: "https://alerts.test/hook" });
  expect(double.calls).toHaveLength(1);
});

test("the cron fails for nobody while D1 is down", async () => {
  stubGrainchain();
  await cron({ DB: down() });
  expect(lines.join("\n")).toContain("effect.failed");
});
