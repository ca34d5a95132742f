/** The whole gateway for one test: both Workers from their configuration files. */
import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { ROOT } from "@webhook-gateway/shared/process/root.mjs";
import { onTestFinished } from "vitest";
import { createTestHarness } from "wrangler";
import { type Delivery, type Sent, sendDelivery } from "../../../cli/src/api/delivery.ts";
import { buildPayload, type PayloadOptions } from "../../../cli/src/input/payload.ts";
import { waitFor as waitForAny } from "../../support/patience.ts";
import { fireCron } from "../../system/cron.ts";
import { applyMigrations, openDatabase, type Row, type Rows } from "../../system/database.ts";
import { makeDirectory } from "../../system/repositories.ts";
import { type Entry, writeConfigurations } from "./configuration.ts";
import { openForwarder } from "./forwarder.ts";

export const SECRETS = {
  GITHUB_WEBHOOK_SECRET: "e2e webhook secret",
  GRAINCHAIN_CALLBACK_SECRET: "e2e callback secret",
  OPERATOR_TOKEN: "e2e-operator-token",
  READER_TOKEN: "e2e-reader-token",
};

// Wrangler fetches no location, and keeps no trace of requests.
Object.assign(process.env, { CLOUDFLARE_CF_FETCH_ENABLED: "false", X_LOCAL_OBSERVABILITY: "false" });

type Vars = Readonly<Record<string, string>>;

/** A gateway under test. */
export interface Gateway {
  readonly url: string;
  /** Sends a signed delivery, as it is. */
  deliver(delivery: Delivery): Promise<Sent>;
  /** Sends one of GitHub's example payloads, changed by the options. */
  send(name: string, options?: Partial<PayloadOptions> & { readonly guid?: string }): Promise<Sent>;
  readonly rows: Rows;
  /** Waits until a query has a row. */
  waitFor(sql: string, ...bound: (string | number)[]): Promise<Row>;
  /** Waits until a delivery's validation has finished. */
  waitForEnd(guid: string): Promise<Row>;
  cron(): Promise<void>;
  /**
   * Restarts both Workers with other secrets or variables, as a deployment does. What is stored stays; messages in local
   * queues, which are in memory, may be lost.
   * @param ofConsumer those of the consumer, if it is not deployed together with the producer
   */
  reconfigure(changes: Vars, ofConsumer?: Vars): Promise<void>;
  /** All log lines of both Workers. */
  logs(): string;
}

/**
 * Starts both Workers against a Grainchain.
 * @param whenDone registers their end (default: they end with the test)
 * @param entry goes before the entry of each Worker
 */
export async function startGateway(
  grainchainUrl: string,
  vars: Vars = {},
  whenDone: (end: () => Promise<void>) => void = onTestFinished,
  entry?: Entry,
): Promise<Gateway> {
  const folder = makeDirectory();
  whenDone(async () => rmSync(folder, { recursive: true, force: true }));
  const [producer = "", consumer = ""] = writeConfigurations(folder, entry);
  const forwarder = await openForwarder();
  whenDone(() => forwarder.close());
  const urls = { GRAINCHAIN_API_URL: grainchainUrl, CLOUDFLARE_WORKER_URL: forwarder.url };
  const workers = (changes: Vars = {}, ofConsumer = changes) => {
    const worker = (configPath: string, extra: Vars, changed: Vars) => ({
      configPath,
      env: "development",
      vars: { ...extra, ...vars, ...changed },
      secrets: {
        ...SECRETS,
        ...Object.fromEntries(Object.entries(changed).filter(([key]) => key in SECRETS)),
      },
    });
    return [worker(producer, {}, changes), worker(consumer, urls, ofConsumer)];
  };
  const harness = createTestHarness({ root: ROOT, workers: workers() });
  whenDone(() => harness.close());
  const { url } = await harness.listen();
  forwarder.forwardTo(url);
  const rows = openDatabase(url.origin);
  await applyMigrations(rows);
  const waitFor = (sql: string, ...bound: (string | number)[]): Promise<Row> =>
    waitForAny(`a row: ${sql} ${bound.join(" ")}`, async () => (await rows(sql, ...bound))[0]);
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
    cron: () => fireCron(url.origin),
    reconfigure: (changes, ofConsumer = changes) =>
      harness.update({ root: ROOT, workers: workers(changes, ofConsumer) }),
    logs: () =>
      harness
        .getLogs()
        .map(({ message }) => message)
        .join("\n"),
  };
}
