/** The gateway of one test file: both Workers as they are deployed, in workerd, with local D1 and queues. */
import { randomUUID } from "node:crypto";
import path from "node:path";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from "miniflare";
import { inject } from "vitest";
import { type Delivery, type Sent, sendDelivery } from "../../../cli/src/api/delivery.ts";
import { buildPayload, type PayloadOptions } from "../../../cli/src/input/payload.ts";
import { type Activity, eventually } from "../../system/activity.ts";
import { fireCron } from "../../system/cron.ts";
import { applyMigrations, openDatabase, type Row, type Rows } from "../../system/database.ts";
import { childOf } from "../../system/processes.ts";
import type { BuiltWorker } from "./built-workers.ts";

export const SECRETS: Readonly<Record<string, string>> = {
  GITHUB_WEBHOOK_SECRET: "faults webhook secret",
  GRAINCHAIN_CALLBACK_SECRET: "faults callback secret",
  OPERATOR_TOKEN: "faults-operator-token",
  READER_TOKEN: "faults-reader-token",
};

/** A gateway under test. */
export interface Gateway {
  readonly url: string;
  /** Gets a signal with every line of its log. */
  readonly activity: Activity;
  /** The last lines of its log. */
  readonly lines: readonly string[];
  /** Sends a signed delivery, as it is. */
  deliver(delivery: Delivery): Promise<Sent>;
  /** Sends one of GitHub's example payloads, changed by the options. */
  send(name: string, options?: Partial<PayloadOptions> & { readonly guid?: string }): Promise<Sent>;
  readonly rows: Rows;
  /** Waits until a query has a row. */
  waitFor(sql: string, ...bound: (string | number)[]): Promise<Row>;
  cron(): Promise<void>;
  /** Kills workerd with everything in its memory. Another one starts with what is on disk. */
  kill(): Promise<void>;
}

export interface GatewayOptions {
  readonly grainchainUrl: string;
  /** Variables of both Workers. */
  readonly vars?: Readonly<Record<string, string>>;
  readonly activity: Activity;
  /** Where its state is stored (default: a directory that is deleted with it). */
  readonly stateDir?: string;
  /** An entry before the consumer's own `index.js`, with variables of its own. */
  readonly entry?: { readonly module: string; readonly vars: Readonly<Record<string, string>> };
  /** Registers its end. */
  readonly whenDone: (end: () => Promise<void>) => void;
}

/** The address that the Workers are configured with: the real one is known only once they listen. */
export const PUBLIC_URL = "http://gateway.test";
/** Messages that arrive together still form batches, but nothing waits a whole second. */
const BATCH_TIMEOUT_SECONDS = 0.01;
/** The folder that Wrangler uses in a state directory. */
const STATE = "v3";
const CONSUMER = "webhook-gateway-consumer-development";
const LINES_KEPT = 500;

/** Starts both Workers against a Grainchain. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { grainchainUrl, vars = {}, activity, stateDir, entry, whenDone } = options;
  const lines: string[] = [];
  let restarted = Promise.withResolvers<void>();
  const urls = { GRAINCHAIN_API_URL: grainchainUrl, CLOUDFLARE_WORKER_URL: PUBLIC_URL };
  const local = convertV4MiniflareOptions({
    workers: inject("builtWorkers").map((worker) =>
      runnable(worker, { ...urls, ...vars }, worker.name === CONSUMER ? entry : undefined),
    ),
    host: "127.0.0.1",
    port: 0,
    cf: false,
    log: new Log(LogLevel.NONE),
    logRequests: false,
    telemetry: { enabled: false },
    // Queries D1 and fires crons.
    unsafeLocalExplorer: true,
    handleStructuredLogs: ({ message }) => {
      if (lines.push(message) > LINES_KEPT) lines.shift();
      activity.signal();
    },
    unsafeHandleRuntimeRestart: () => restarted.resolve(),
    ...(stateDir === undefined ? {} : { resourcePersistencePath: path.join(stateDir, STATE) }),
  });
  const miniflare = new Miniflare(local);
  whenDone(() => miniflare.dispose());
  const { origin } = await miniflare.ready;
  const query = openDatabase(origin);
  const rows: Rows = (sql, ...bound) => retried(() => query(sql, ...bound));
  await applyMigrations(rows);
  const kill = async (): Promise<void> => {
    restarted = Promise.withResolvers();
    process.kill(Number(childOf(process.pid)), "SIGKILL");
    await restarted.promise;
  };
  return { url: origin, activity, lines, rows, kill, ...createClient(origin, rows, activity) };
}

function runnable(
  worker: BuiltWorker,
  vars: Readonly<Record<string, string>>,
  entry: GatewayOptions["entry"],
) {
  const { name, options, queues, folder } = worker;
  const own = Object.entries({ ...vars, ...SECRETS }).filter(([key]) => worker.expects.includes(key));
  return {
    ...options,
    name,
    modulesRoot: folder,
    modules: [...entryOf(folder, entry), ...modulesOf(worker)],
    bindings: { ...Object(options.bindings), ...Object.fromEntries(own), ...entry?.vars },
    queueConsumers: Object.fromEntries(
      Object.entries(queues).map(([queue, settings]) => [
        queue,
        { ...settings, maxBatchTimeout: Math.min(settings.maxBatchTimeout ?? 1, BATCH_TIMEOUT_SECONDS) },
      ]),
    ),
  };
}

const modulesOf = ({ folder, modules }: BuiltWorker) =>
  modules.map((file, index) => ({
    type: index === 0 ? ("ESModule" as const) : ("Text" as const),
    path: path.join(folder, file),
  }));

const entryOf = (folder: string, entry: GatewayOptions["entry"]) =>
  entry === undefined
    ? []
    : [{ type: "ESModule" as const, path: path.join(folder, "entry.js"), contents: entry.module }];

/** If this process was held up, fetch may use a connection that the server has closed: then it is tried again. */
async function retried<T>(send: () => Promise<T>): Promise<T> {
  try {
    return await send();
  } catch (thrown) {
    if (thrown instanceof TypeError) return send();
    throw thrown;
  }
}

function createClient(url: string, rows: Rows, activity: Activity) {
  const deliver = (delivery: Delivery): Promise<Sent> =>
    retried(() => sendDelivery(url, String(SECRETS.GITHUB_WEBHOOK_SECRET), delivery));
  return {
    deliver,
    send: (name: string, options: Partial<PayloadOptions> & { readonly guid?: string } = {}) => {
      const { guid = randomUUID(), ...about } = options;
      const body = JSON.stringify(buildPayload(name, { now: new Date(), ...about }));
      return deliver({ event: name.split(".")[0] ?? name, body, guid });
    },
    async waitFor(sql: string, ...bound: (string | number)[]): Promise<Row> {
      let found: Row | undefined;
      const find = async (): Promise<boolean> => {
        [found] = await rows(sql, ...bound);
        return found !== undefined;
      };
      await eventually(`${sql} ${bound.join(" ")}`, find, activity);
      return found ?? {};
    },
    cron: () => retried(() => fireCron(url)),
  };
}

/** The results of a validation as operators see them: whole, wherever they are. */
export async function resultsThere({ url }: Gateway, id: string): Promise<unknown> {
  const headers = { authorization: `Bearer ${SECRETS.OPERATOR_TOKEN}` };
  const response = await fetch(`${url}/api/validations/${id}`, { headers });
  return Object(await response.json()).results;
}
