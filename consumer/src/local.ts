/**
 * The consumer as the local gateway runs it. Wrangler fires no crons locally, and can fire those of the first Worker
 * only: the producer, which passes them on to this entrypoint.
 */
import { WorkerEntrypoint } from "cloudflare:workers";
import consumer from "./index.ts";

export * from "./index.ts";
export default consumer;

export class Cron extends WorkerEntrypoint<Env> {
  run(cron: string, scheduledTime: number): Promise<void> {
    return consumer.scheduled({ cron, scheduledTime, noRetry: () => undefined }, this.env);
  }
}
