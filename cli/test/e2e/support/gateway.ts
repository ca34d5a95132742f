/** The whole system for one test: both Workers from their configuration, with a Grainchain behind them. */
import { randomUUID } from "node:crypto";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { onTestFinished } from "vitest";
import { createTestHarness } from "wrangler";
import { ROOT } from "../../../dev/settings.ts";
import { type Delivery, type Sent, sendDelivery } from "../../../src/delivery.ts";
import { buildPayload, type PayloadOptions } from "../../../src/payload.ts";
import { openDatabase, type Row, type Rows } from "./database.ts";

export const SECRETS = {
  GITHUB_WEBHOOK_SECRET: "e2e webhook secret",
  GRAINCHAIN_CALLBACK_SECRET: "e2e callback secret",
  OPERATOR_TOKEN: "e2e-operator-token",
  READER_TOKEN: "e2e-reader-token",
};

const CONSUMER = "webhook-gateway-consumer-development";
const POLL_MS = 50;
const WAIT_MS = 60_000;

type Vars = Readonly<Record<string, string>>;

/** A gateway under test. */
export interface Gateway {
  readonly url: string;
  /** Sends a signed delivery, as it is. */
  deliver(delivery: Delivery): Promise<Sent>;
  /** Sends one of GitHub's examples, about what the options say. */
  send(name: string, options?: Partial<PayloadOptions> & { readonly guid?: string }): Promise<Sent>;
  readonly rows: Rows;
  /** Waits until a query has a row. */
  waitFor(sql: string, ...bound: (string | number)[]): Promise<Row>;
  /** Waits until a delivery's validation has finished. */
  waitForEnd(guid: string): Promise<Row>;
  cron(): Promise<void>;
  /**
   * Starts both Workers again with other secrets or variables, as a deployment does. What is stored stays; what waits
   * in a local queue, which is memory, may be lost.
   * @param ofConsumer those of the consumer, where it is not deployed together with the producer
   */
  reconfigure(changes: Vars, ofConsumer?: Vars): Promise<void>;
  /** Every log line of both Workers. */
  logs(): string;
}

/**
 * Starts both Workers against a Grainchain.
 * @param whenDone registers their end; they end with the test where it is not given
 */
export async function startGateway(
  grainchainUrl: string,
  vars: Vars = {},
  whenDone: (end: () => Promise<void>) => void = onTestFinished,
): Promise<Gateway> {
  const workers = (callbackUrl: string, changes: Vars = {}, ofConsumer = changes) => {
    const worker = (name: string, extra: Vars, changed: Vars) => ({
      configPath: path.join(ROOT, `wrangler.${name}.toml`),
      env: "development",
      vars: { ...extra, ...vars, ...changed },
      secrets: {
        ...SECRETS,
        ...Object.fromEntries(Object.entries(changed).filter(([key]) => key in SECRETS)),
      },
    });
    const urls = { GRAINCHAIN_API_URL: grainchainUrl, CLOUDFLARE_WORKER_URL: callbackUrl };
    return [worker("producer", {}, changes), worker("consumer", urls, ofConsumer)];
  };
  const harness = createTestHarness({ root: ROOT, workers: workers("http://127.0.0.1:1") });
  whenDone(() => harness.close());
  // The address is known only once it listens.
  const first = await harness.listen();
  await harness.update({ root: ROOT, workers: workers(first.url.origin) });
  const { url } = await harness.listen();
  if (url.origin !== first.url.origin) throw new Error("the address changed with the configuration");
  const producer = harness.getWorker("webhook-gateway-producer-development");
  await producer.applyD1Migrations("DB");

  const rows = openDatabase(url.origin);
  const waitFor = async (sql: string, ...bound: (string | number)[]): Promise<Row> => {
    const until = Date.now() + WAIT_MS;
    while (Date.now() < until) {
      const [row] = await rows(sql, ...bound);
      if (row !== undefined) return row;
      await delay(POLL_MS);
    }
    throw new Error(`no row within ${WAIT_MS} ms: ${sql} ${bound.join(" ")}`);
  };
  const deliver = (delivery: Delivery): Promise<Sent> =>
    sendDelivery(url.origin, SECRETS.GITHUB_WEBHOOK_SECRET, delivery);
  return {
    url: url.origin,
    rows,
    waitFor,
    deliver,
    send: (name, { guid = randomUUID(), ...options } = {}) =>
      deliver({
        event: name.split(".")[0] ?? name,
        body: JSON.stringify(buildPayload(name, { now: new Date(), ...options })),
        guid,
      }),
    waitForEnd: (guid) =>
      waitFor(
        `SELECT v.* FROM deliveries d JOIN validations v ON v.id = d.validation_id
         WHERE d.id = ?1 AND v.finished_at IS NOT NULL`,
        guid,
      ),
    async cron() {
      const response = await fetch(
        `${url.origin}/cdn-cgi/local/explorer/api/local/scheduled?worker=${CONSUMER}`,
        {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ cron: "* * * * *" }),
        },
      );
      if (!response.ok) throw new Error(`the cron failed: ${await response.text()}`);
    },
    reconfigure: (changes, ofConsumer = changes) =>
      harness.update({ root: ROOT, workers: workers(url.origin, changes, ofConsumer) }),
    logs: () =>
      harness
        .getLogs()
        .map(({ message }) => message)
        .join("\n"),
  };
}
