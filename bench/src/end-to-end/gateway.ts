/** Both Workers as they run locally, with Miniflare's queues and D1. */
import path from "node:path";
import type { D1Database } from "@cloudflare/workers-types";
import { createTestHarness } from "wrangler";
import { WEBHOOK_SECRET } from "../payload.ts";
import { ROOT } from "../worker-bundle.ts";

const SECRETS = {
  GITHUB_WEBHOOK_SECRET: WEBHOOK_SECRET,
  GRAINCHAIN_CALLBACK_SECRET: "-",
  OPERATOR_TOKEN: "-",
  READER_TOKEN: "-",
};

/** The harness keeps every line until it is told to forget them: several for each delivery. */
const FORGET_LOGS_EVERY_MS = 1_000;

/**
 * Starts both Workers, with nothing stored yet. Each statement that is sent to the database blocks this process: that is
 * for the end of a run.
 */
export async function startLocalGateway(grainchainUrl: string) {
  // Neither a line for each batch of the queue, nor a question to Cloudflare.
  process.env.WRANGLER_LOG ??= "warn";
  process.env.CLOUDFLARE_CF_FETCH_ENABLED ??= "false";
  const vars = { GRAINCHAIN_API_URL: grainchainUrl, CLOUDFLARE_WORKER_URL: "http://127.0.0.1:1" };
  const worker = { env: "development", secrets: SECRETS };
  const harness = createTestHarness({
    root: ROOT,
    workers: [
      { ...worker, configPath: path.join(ROOT, "wrangler.producer.toml") },
      { ...worker, configPath: path.join(ROOT, "wrangler.consumer.toml"), vars },
    ],
  });
  const forgetting = setInterval(() => harness.clearLogs(), FORGET_LOGS_EVERY_MS);
  const close = async () => {
    clearInterval(forgetting);
    await harness.close();
  };
  try {
    const { url } = await harness.listen();
    const producer = harness.getWorker<{ DB: D1Database }>("webhook-gateway-producer-development");
    await producer.applyD1Migrations("DB");
    return { origin: url.origin, db: (await producer.getEnv()).DB, close };
  } catch (error) {
    await close();
    throw error;
  }
}
