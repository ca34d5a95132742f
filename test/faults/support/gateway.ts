/** The gateway of one test file: both Workers as they would be deployed, in workerd, with D1 and queues on this machine. */
import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { ROOT } from "@webhook-gateway/shared/process/root.mjs";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from "miniflare";
import { inject } from "vitest";
import { type Delivery, type Sent, sendDelivery } from "../../../cli/src/api/delivery.ts";
import { buildPayload, type PayloadOptions } from "../../../cli/src/input/payload.ts";
import { eventually, type Pulse } from "../../system/activity.ts";
import { openDatabase, type Row, type Rows } from "../../system/database.ts";
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
  /** Beats with every line of its log. */
  readonly pulse: Pulse;
  /** The last lines of its log. */
  readonly lines: readonly string[];
  /** Sends a signed delivery, as it is. */
  deliver(delivery: Delivery): Promise<Sent>;
  /** Sends one of GitHub's examples, about what the options say. */
  send(name: string, options?: Partial<PayloadOptions> & { readonly guid?: string }): Promise<Sent>;
  readonly rows: Rows;
  /** Waits until a query has a row. */
  waitFor(sql: string, ...bound: (string | number)[]): Promise<Row>;
  cron(): Promise<void>;
  /** Kills workerd outright, with all that it held in memory. Another one is started over what is on disk. */
  kill(): Promise<void>;
}

export interface GatewayOptions {
  readonly grainchainUrl: string;
  /** Variables of both Workers. */
  readonly vars?: Readonly<Record<string, string>>;
  readonly pulse: Pulse;
  /** Where its state is kept (default: a directory that goes with it). */
  readonly stateDir?: string;
  /** An entry of the consumer's before its own, `index.js`, with variables of its own. */
  readonly entry?: { readonly module: string; readonly vars: Readonly<Record<string, string>> };
  /** Registers its end. */
  readonly whenDone: (end: () => Promise<void>) => void;
}

/** Where the Workers believe that they are: where they listen is known only once they do. */
export const PUBLIC_URL = "http://gateway.test";
/** What comes together still forms batches, but nothing waits for a second to be over. */
const BATCH_TIMEOUT_SECONDS = 0.01;
/** Where Wrangler keeps it below a state directory. */
const STATE = "v3";
const CONSUMER = "webhook-gateway-consumer-development";
const MIGRATIONS = path.join(ROOT, "shared/migrations");
const LINES_KEPT = 500;

/** Starts both Workers against a Grainchain. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { grainchainUrl, vars = {}, pulse, stateDir, entry, whenDone } = options;
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
    // Asks D1, and fires crons.
    unsafeLocalExplorer: true,
    handleStructuredLogs: ({ message }) => {
      if (lines.push(message) > LINES_KEPT) lines.shift();
      pulse.beat();
    },
    unsafeHandleRuntimeRestart: () => restarted.resolve(),
    ...(stateDir === undefined ? {} : { resourcePersistencePath: path.join(stateDir, STATE) }),
  });
  const miniflare = new Miniflare(local);
  whenDone(() => miniflare.dispose());
  const { origin } = await miniflare.ready;
  const ask = openDatabase(origin);
  const rows: Rows = (sql, ...bound) => again(() => ask(sql, ...bound));
  await migrate(rows);
  const kill = async (): Promise<void> => {
    restarted = Promise.withResolvers();
    process.kill(Number(childOf(process.pid)), "SIGKILL");
    await restarted.promise;
  };
  return { url: origin, pulse, lines, rows, kill, ...createClient(origin, rows, pulse) };
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

async function migrate(rows: Rows): Promise<void> {
  const files = readdirSync(MIGRATIONS).filter((file) => file.endsWith(".sql"));
  for (const file of files.toSorted()) await rows(readFileSync(path.join(MIGRATIONS, file), "utf8"));
}

/** Where this process was held up, fetch takes a connection that the server has long closed: then it is asked again. */
async function again<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (thrown) {
    if (thrown instanceof TypeError) return ask();
    throw thrown;
  }
}

function createClient(url: string, rows: Rows, pulse: Pulse) {
  const deliver = (delivery: Delivery): Promise<Sent> =>
    again(() => sendDelivery(url, String(SECRETS.GITHUB_WEBHOOK_SECRET), delivery));
  return {
    deliver,
    send: (name: string, options: Partial<PayloadOptions> & { readonly guid?: string } = {}) => {
      const { guid = randomUUID(), ...about } = options;
      const body = JSON.stringify(buildPayload(name, { now: new Date(), ...about }));
      return deliver({ event: name.split(".")[0] ?? name, body, guid });
    },
    async waitFor(sql: string, ...bound: (string | number)[]): Promise<Row> {
      let found: Row | undefined;
      const look = async (): Promise<boolean> => {
        [found] = await rows(sql, ...bound);
        return found !== undefined;
      };
      await eventually(`${sql} ${bound.join(" ")}`, look, pulse);
      return found ?? {};
    },
    async cron(): Promise<void> {
      const api = `${url}/cdn-cgi/local/explorer/api/local/scheduled?worker=${CONSUMER}`;
      const headers = { "content-type": "application/json" };
      const body = JSON.stringify({ cron: "* * * * *" });
      const response = await again(() => fetch(api, { method: "POST", headers, body }));
      if (!response.ok) throw new Error(`the cron failed: ${await response.text()}`);
      await response.body?.cancel();
    },
  };
}
