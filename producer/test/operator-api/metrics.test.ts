import { VALIDATION_STATES } from "@webhook-gateway/shared/domain/validation.ts";
import { beforeEach, describe, expect, test } from "vitest";
import { NOW } from "../support/app.ts";
import { empty } from "../support/database.ts";
import { startApi } from "./support/api.ts";
import {
  insertDeadLetter,
  insertDelivery,
  insertReplay,
  insertReport,
  insertValidation,
  putSetting,
} from "./support/insert.ts";
import { readOpenMetrics, type Sample } from "./support/open-metrics.ts";

async function scrape(): Promise<Sample[]> {
  const response = await startApi().ask("GET", "/api/metrics");
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toBe(
    "application/openmetrics-text; version=1.0.0; charset=utf-8",
  );
  return readOpenMetrics(await response.text());
}

const numberOf = (
  samples: readonly Sample[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
) => {
  const found = samples.filter(
    (one) =>
      one.name === `webhook_gateway_${name}` &&
      Object.entries(labels).every(([label, value]) => one.labels[label] === value),
  );
  expect(found).toHaveLength(1);
  return found[0]?.value;
};

const ago = (seconds: number): string => new Date(Date.parse(NOW) - seconds * 1000).toISOString();

beforeEach(empty);

describe("metrics", () => {
  test("are OpenMetrics even if there is nothing to report", async () => {
    const samples = await scrape();
    expect(numberOf(samples, "database_bytes")).toBeGreaterThan(0);
    expect(numberOf(samples, "database_max_bytes")).toBe(10_000_000_000);
    for (const state of VALIDATION_STATES) expect(numberOf(samples, "validations", { state })).toBe(0);
    expect(numberOf(samples, "gate_closed", { gate: "grainchain" })).toBe(0);
    expect(numberOf(samples, "waiting_oldest_age_seconds")).toBe(0);
  });

  test("count what is stored in D1", async () => {
    await insertValidation({ state: "queued", created_at: ago(90) });
    await insertValidation({ state: "queued", lane: 1, created_at: ago(60) });
    await insertValidation({ state: "queued", created_at: ago(30), due_at: ago(-30) });
    await insertValidation({ state: "running" });
    await insertValidation({ state: "dead", finished_at: ago(60) });
    await insertValidation({ state: "dead", finished_at: ago(25 * 3600) });
    await insertDeadLetter({ class: "permanent" });
    await insertDeadLetter({ class: "permanent" });
    await insertDeadLetter({ kind: "report", class: "permanent" });
    await insertDeadLetter({ class: "permanent", status: "replayed" });
    await insertReport({ validation_id: "v", due_at: ago(5) });
    await insertReport({ validation_id: "w", status: "posted" });
    await insertReplay();
    await insertReplay({ status: "done" });
    await insertDelivery({ received_at: ago(10) });
    await insertDelivery({ received_at: ago(3700), recovered_at: ago(3700) });
    await putSetting("gate:grainchain", {
      state: "closed",
      reason: "backpressure",
      detail: 'HTTP 429: "full"\n\\',
      since: ago(120),
      until: ago(-10),
      step: 3,
    });
    const samples = await scrape();
    expect({
      queued: numberOf(samples, "validations", { state: "queued" }),
      running: numberOf(samples, "validations", { state: "running" }),
      dead: numberOf(samples, "validations", { state: "dead" }),
      live: numberOf(samples, "waiting", { lane: "live" }),
      replayed: numberOf(samples, "waiting", { lane: "replay" }),
      backing_off: numberOf(samples, "waiting_backing_off"),
      oldest: numberOf(samples, "waiting_oldest_age_seconds"),
      dispatch_letters: numberOf(samples, "dead_letters", { kind: "dispatch", class: "permanent" }),
      report_letters: numberOf(samples, "dead_letters", { kind: "report", class: "permanent" }),
      reports: numberOf(samples, "reports_due"),
      report_age: numberOf(samples, "reports_oldest_age_seconds"),
      replays: numberOf(samples, "replays_running"),
      deliveries: numberOf(samples, "deliveries_last_hour"),
      recovered: numberOf(samples, "deliveries_recovered_last_day"),
      last: numberOf(samples, "last_delivery_age_seconds"),
      closed: numberOf(samples, "gate_closed", { gate: "grainchain" }),
      closed_for: numberOf(samples, "gate_closed_seconds", { gate: "grainchain" }),
      github: numberOf(samples, "gate_closed", { gate: "github" }),
    }).toEqual({
      queued: 3,
      running: 1,
      dead: 1,
      live: 2,
      replayed: 1,
      backing_off: 1,
      oldest: 90,
      dispatch_letters: 2,
      report_letters: 1,
      reports: 1,
      report_age: 5,
      replays: 1,
      deliveries: 1,
      recovered: 1,
      last: 10,
      closed: 1,
      closed_for: 120,
      github: 0,
    });
  });

  test.each(['a"b', "a\\b", "a\nb", "a}b{", "a,b=c", "", "漢字", 'x"} 1\n# EOF\nfake 1'])(
    "hold the class %j as it is",
    async (name) => {
      await insertDeadLetter({ class: name });
      const letters = (await scrape()).filter((one) => one.name === "webhook_gateway_dead_letters");
      expect(letters).toEqual([
        { name: "webhook_gateway_dead_letters", labels: { kind: "dispatch", class: name }, value: 1 },
      ]);
    },
  );

  test("count what has happened, and how long it took", async () => {
    await putSetting("metrics", {
      "recorded started": 3,
      "recorded stale": 1,
      "record 0-50": 2,
      "record 250-500": 1,
      "record 86400000-": 1,
      "record sum": 90_000_500,
      "grainchain_calls ok": 7,
      "grainchain_calls backpressure": 2,
      "github_calls limited": 1,
    });
    const samples = await scrape();
    const bucket = (le: string) => numberOf(samples, "record_seconds_bucket", { le });
    expect([bucket("0.05"), bucket("0.25"), bucket("0.5"), bucket("86400.0"), bucket("+Inf")]).toEqual([
      2, 2, 3, 3, 4,
    ]);
    expect(numberOf(samples, "record_seconds_count")).toBe(4);
    expect(numberOf(samples, "record_seconds_sum")).toBe(90_000.5);
    for (const stage of ["dispatch", "finish", "report"])
      expect(numberOf(samples, `${stage}_seconds_count`)).toBe(0);
    expect({
      started: numberOf(samples, "recorded_total", { outcome: "started" }),
      stale: numberOf(samples, "recorded_total", { outcome: "stale" }),
      ok: numberOf(samples, "grainchain_calls_total", { class: "ok" }),
      full: numberOf(samples, "grainchain_calls_total", { class: "backpressure" }),
      limited: numberOf(samples, "github_calls_total", { class: "limited" }),
      posted: numberOf(samples, "reports_total", { class: "posted" }),
    }).toEqual({ started: 3, stale: 1, ok: 7, full: 2, limited: 1, posted: 0 });
  });

  test("count nothing if what was counted cannot be read", async () => {
    await putSetting("metrics", ["no", "numbers"]);
    expect(numberOf(await scrape(), "record_seconds_count")).toBe(0);
  });
});
