/** Who is compared, in the order of the report. */
import type { Contender } from "./contender.ts";
import { startNodeServer } from "./node-server.ts";
import { type BundledModule, bundleWorker } from "./worker-bundle.ts";
import { type HandWritten, readWorker, startWorkerd } from "./workerd.ts";

/** What ratios are taken to. */
export const FLOOR = "floor";
export const GATEWAY = "producer";

/** Bundles the producer once, and lists every contender. */
export async function listContenders(): Promise<readonly Contender[]> {
  const producer = await bundleWorker("producer");
  return [
    workerd("empty", "bare Worker: reads the body, answers", await handWritten("empty")),
    workerd(FLOOR, "bare Worker: reads the body, one HMAC, one queue send", await handWritten("floor")),
    workerd("parsing-floor", "the floor, and JSON.parse", await handWritten("parsing-floor")),
    workerd(GATEWAY, "this gateway's producer, bundled as for production", producer),
    node("octokit-webhooks", "@octokit/webhooks' Node middleware, a handler that does nothing; no queue"),
    node("probot", "Probot, a handler that does nothing; no queue"),
    node("hono-pg-boss", "Hono on Node; verifies, parses, one pg-boss job in PostgreSQL, each commit synced"),
    node("hono-bullmq", "Hono on Node; verifies, parses, one BullMQ job in Redis, each write synced"),
  ];
}

async function handWritten(name: HandWritten): Promise<readonly BundledModule[]> {
  return [{ name: `${name}.mjs`, kind: "esModule", content: await readWorker(name) }];
}

const workerd = (name: string, does: string, modules: readonly BundledModule[]): Contender => ({
  name,
  does,
  start: () => startWorkerd(modules),
});

const node = (name: string, does: string): Contender => ({ name, does, start: () => startNodeServer(name) });
