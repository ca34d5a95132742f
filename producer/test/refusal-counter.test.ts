import { env } from "cloudflare:workers";
import { loadAlertFacts } from "@webhook-gateway/shared/store/maintain/alerts.ts";
import { createLog } from "@webhook-gateway/shared/telemetry/log.ts";
import { expect, test } from "vitest";
import { createRefusalCounter } from "../src/auth/refusal-counter.ts";
import { NOW, untouchableDb } from "./support/app.ts";

const HOUR_AGO = "2026-11-23T09:00:00.000Z";

function startCounter(db: D1Database) {
  const work: Promise<unknown>[] = [];
  const lines: string[] = [];
  const windowEnd = Promise.withResolvers<void>();
  const count = createRefusalCounter({
    db,
    log: createLog({ debug: false, write: (_level, line) => lines.push(line) }),
    now: () => new Date(NOW),
    waitUntil: (promise) => work.push(promise),
    wait: () => windowEnd.promise,
  });
  const endWindow = async (): Promise<void> => {
    windowEnd.resolve();
    await Promise.all(work.splice(0));
  };
  return { count, work, lines, endWindow };
}

test("refusals of an isolate are written together, and counted by the alert for ten minutes", async () => {
  const { count, work, endWindow } = startCounter(env.DB);
  for (let i = 0; i < 150; i++) count(i < 30 ? "token" : "delivery");
  expect(work).toHaveLength(1);
  await endWindow();
  count("callback");
  await endWindow();
  const { results } = await env.DB.prepare("SELECT minute, realm, n FROM refusals ORDER BY realm").all();
  const minute = "2026-11-23T10:00";
  expect(results).toEqual([
    { minute, realm: "callback", n: 1 },
    { minute, realm: "delivery", n: 120 },
    { minute, realm: "token", n: 30 },
  ]);
  expect(await loadAlertFacts(env.DB, HOUR_AGO)).toMatchObject({ refusedLately: 151 });
  expect(await loadAlertFacts(env.DB, "2026-11-23T09:10:00.000Z")).toMatchObject({ refusedLately: 0 });
});

test("a database that is away costs only the count", async () => {
  const { count, lines, endWindow } = startCounter(untouchableDb);
  count("token");
  await endWindow();
  expect(lines.map((line) => JSON.parse(line).event)).toEqual(["refusals.not-stored"]);
});
