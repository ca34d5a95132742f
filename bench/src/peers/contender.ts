/** What a TypeScript team would build beside the gateway: a web server and a worker on Node, a queue, and PostgreSQL. */
import path from "node:path";
import { startServer } from "../ack/server.ts";
import { WEBHOOK_SECRET } from "../payload.ts";
import { sum } from "../statistics.ts";
import { openRecords, TABLES } from "./records.ts";
import { query, startPostgres, startRedis } from "./services.ts";

export interface Contender {
  readonly origin: string;
  /** How much of it is stored, and how many deliveries. */
  readonly stored: () => Promise<{ readonly bytes: number; readonly deliveries: number }>;
  readonly close: () => Promise<unknown>;
}

export type PeerName = "bullmq" | "pg-boss";

export async function startPeer(name: PeerName, grainchainUrl: string): Promise<Contender> {
  const stops: (() => Promise<unknown>)[] = [];
  /** In the order in which they were started, last first. */
  const close = async () => {
    for (const stop of stops.toReversed()) await stop();
  };
  const started = <Running extends { stop(): Promise<unknown> }>(running: Running): Running => {
    stops.push(() => running.stop());
    return running;
  };
  try {
    const { url } = started(await startPostgres());
    const records = openRecords(url);
    await records.create();
    await records.close();
    const redis = name === "bullmq" ? { REDIS_URL: started(await startRedis()).url } : {};
    const variables = { DATABASE_URL: url, GRAINCHAIN_API_URL: grainchainUrl, WEBHOOK_SECRET, ...redis };
    const node = async (file: string) =>
      started(
        await startServer(process.execPath, [path.join(import.meta.dirname, file)], {
          NODE_OPTIONS: "",
          NODE_ENV: "production",
          ...variables,
        }),
      );
    await node("worker.ts");
    const { origin } = await node("web.ts");
    const sizes = TABLES.map((table) => `pg_total_relation_size('${table}') AS ${table}`);
    return {
      origin,
      close,
      stored: async () => {
        const [size = {}] = await query(url, `SELECT ${sizes.join(", ")}`);
        const [count = {}] = await query(
          url,
          "SELECT count(*) AS n FROM validations WHERE state = 'running'",
        );
        return { bytes: sum(Object.values(size).map(Number)), deliveries: Number(count.n) };
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}
