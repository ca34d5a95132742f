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

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\\n]|\\["\\n])*)"/;
const SAMPLE = new RegExp(
  `^([a-zA-Z_:][\\w:]*)(?:\\{(${LABEL.source}(?:,${LABEL.source})*)\\})? (-?[\\d.]+(?:e[+-]?\\d+)?)$`,
);

/** Reads OpenMetrics text. @throws where it is none: a family is described, then come its samples, then the next */
function parse(text: string): Sample[] {
  if (!text.endsWith("\n# EOF\n")) throw new Error("it has no end");
  const described = new Map<string, Set<string>>();
  let family = "";
  return text
    .slice(0, -"# EOF\n".length)
    .split("\n")
    .slice(0, -1)
    .flatMap((line) => {
      const [, word, name = ""] = /^# (HELP|TYPE|UNIT) ([a-zA-Z_:][\w:]*) \S/.exec(line) ?? [];
      if (word !== undefined) {
        const words = described.get(name) ?? new Set();
        if (words.has(word) || (name !== family && words.size > 0))
          throw new Error(`described twice: ${line}`);
        described.set(name, words.add(word));
        family = name;
        return [];
      }
      const [, sample = "", labels = "", ...rest] = SAMPLE.exec(line) ?? [];
      if (sample !== family || sample === "") throw new Error(`no sample of ${family}: ${line}`);
      return [{ name: sample, labels: labelsOf(labels), value: Number(rest.at(-1)) }];
    });
}

const labelsOf = (text: string): Record<string, string> =>
  Object.fromEntries(
    Array.from(text.matchAll(new RegExp(LABEL, "g")), ([, name, value = ""]) => [
      name,
      value.replaceAll(/\\(.)/g, (_, char: string) => (char === "n" ? "\n" : char)),
    ]),
  );

async function scrape(): Promise<Sample[]> {
  const response = await startApi().ask("GET", "/api/metrics");
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toBe(
    "application/openmetrics-text; version=1.0.0; charset=utf-8",
  );
  return parse(await response.text());
}

const gaugeOf = (samples: readonly Sample[], name: string, labels: Readonly<Record<string, string>> = {}) => {
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
  test("are OpenMetrics where there is nothing to tell", async () => {
    const samples = await scrape();
    expect(gaugeOf(samples, "database_bytes")).toBeGreaterThan(0);
    expect(gaugeOf(samples, "database_max_bytes")).toBe(10_000_000_000);
    for (const state of VALIDATION_STATES) expect(gaugeOf(samples, "validations", { state })).toBe(0);
    expect(gaugeOf(samples, "gate_closed", { gate: "grainchain" })).toBe(0);
    expect(gaugeOf(samples, "waiting_oldest_age_seconds")).toBe(0);
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
      queued: gaugeOf(samples, "validations", { state: "queued" }),
      running: gaugeOf(samples, "validations", { state: "running" }),
      dead: gaugeOf(samples, "validations", { state: "dead" }),
      live: gaugeOf(samples, "waiting", { lane: "live" }),
      replayed: gaugeOf(samples, "waiting", { lane: "replay" }),
      backing_off: gaugeOf(samples, "waiting_backing_off"),
      oldest: gaugeOf(samples, "waiting_oldest_age_seconds"),
      dispatch_letters: gaugeOf(samples, "dead_letters", { kind: "dispatch", class: "permanent" }),
      report_letters: gaugeOf(samples, "dead_letters", { kind: "report", class: "permanent" }),
      reports: gaugeOf(samples, "reports_due"),
      report_age: gaugeOf(samples, "reports_oldest_age_seconds"),
      replays: gaugeOf(samples, "replays_running"),
      deliveries: gaugeOf(samples, "deliveries_last_hour"),
      recovered: gaugeOf(samples, "deliveries_recovered_last_day"),
      last: gaugeOf(samples, "last_delivery_age_seconds"),
      closed: gaugeOf(samples, "gate_closed", { gate: "grainchain" }),
      closed_for: gaugeOf(samples, "gate_closed_seconds", { gate: "grainchain" }),
      github: gaugeOf(samples, "gate_closed", { gate: "github" }),
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
});
